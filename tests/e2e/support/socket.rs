//! A caller who has opened a WebSocket at `/v1/responses`.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Request};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{House, TOKEN, Told, check_socket_error, within};

pub struct Socket(WebSocketStream<TcpStream>);

/// The end of a response: nothing of it follows.
const ENDS: [&str; 3] = [
    "response.completed",
    "response.incomplete",
    "response.failed",
];

impl Socket {
    /// With the right token.
    pub async fn to(house: &House) -> Self {
        Self::to_address(house.address).await
    }

    /// The same at any gateway.
    pub async fn to_address(address: SocketAddr) -> Self {
        let token = format!("Bearer {TOKEN}");
        match Self::at((address, "/v1/responses"), &[("authorization", &token)]).await {
            Ok(socket) => socket,
            Err((status, body)) => panic!("no socket: {status} {body}"),
        }
    }

    /// With these headers; what is answered instead, where no socket is opened.
    pub async fn with(house: &House, headers: &[(&str, &str)]) -> Result<Self, (u16, Value)> {
        Self::at((house.address, "/v1/responses"), headers).await
    }

    /// The same at another place.
    pub async fn at(
        (address, path): (SocketAddr, &str),
        headers: &[(&str, &str)],
    ) -> Result<Self, (u16, Value)> {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let url = format!("ws://{address}{path}");
        let mut request: Request<()> = url.into_client_request().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(value).unwrap());
        }
        let opening = tokio_tungstenite::client_async(request, stream);
        match within(|| "the upgrade".to_owned(), opening).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let status = response.status().as_u16();
                let body = response.body().as_deref().unwrap_or_default();
                // What is left of a body that had not come with its head is not read.
                Err((status, serde_json::from_slice(body).unwrap_or_default()))
            }
            Err(error) => panic!("no handshake: {error}"),
        }
    }

    /// Sends a message that asks for a response.
    pub async fn ask(&mut self, mut body: Value) {
        body["type"] = json!("response.create");
        self.send(Message::text(body.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Sends what it can: a server that has heard enough may have left.
    pub async fn try_to_send(&mut self, message: Message) {
        let _left = within(|| "a server that reads".to_owned(), self.0.send(message)).await;
    }

    /// What comes next, a close among it; `None` once the server is gone.
    pub async fn receive(&mut self) -> Option<Message> {
        within(|| "a message".to_owned(), self.0.next()).await?.ok()
    }

    /// The next message with something in it.
    pub async fn hear(&mut self) -> Value {
        loop {
            match self.receive().await {
                Some(Message::Text(text)) => return serde_json::from_str(&text).unwrap(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("no message, but {other:?}"),
            }
        }
    }

    /// What the turn tells that runs, to its end.
    pub async fn told(&mut self) -> Told {
        let mut events = Vec::new();
        loop {
            let event = self.hear().await;
            let is_last = ENDS.iter().any(|end| event["type"] == *end);
            events.push(event);
            if is_last {
                return Told::checked(events);
            }
        }
    }

    /// A whole turn.
    pub async fn turn(&mut self, body: Value) -> Told {
        self.ask(body).await;
        self.told().await
    }

    /// The error that takes the place of a response: its status and its code.
    pub async fn fault(&mut self) -> (u16, String) {
        let event = self.hear().await;
        check_socket_error(&event);
        let status = event["status"].as_u64().unwrap();
        let code = event["error"]["code"].as_str().unwrap();
        (u16::try_from(status).unwrap(), code.to_owned())
    }

    /// A turn that fails before it begins.
    pub async fn refused(&mut self, body: Value) -> (u16, String) {
        self.ask(body).await;
        self.fault().await
    }

    /// The code with which the server closes; nothing else may come before.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            match self.receive().await {
                Some(Message::Close(frame)) => {
                    let code = frame.map(|frame| u16::from(frame.code));
                    // Answers the close.
                    while self.receive().await.is_some() {}
                    return code;
                }
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                None => return None,
                other => panic!("no close, but {other:?}"),
            }
        }
    }
}
