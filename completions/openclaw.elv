
use builtin;
use str;

set edit:completion:arg-completer[openclaw] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'openclaw'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'openclaw'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand agent 'Run one agent turn and print the answer'
            cand completion 'Print a shell''s completion script'
            cand config 'Check, show, find or create the configuration'
            cand embed 'Turn texts into vectors, one a line'
            cand gateway 'Serve the OpenAI-compatible API'
            cand man 'Write the manual pages, or show openclaw(1)'
            cand models 'Models: which there are, and which a run would try'
            cand sessions 'List, show, delete and export the sessions that are kept'
        }
        &'openclaw;agent'= {
            cand -m 'What to say, as an option'
            cand --message 'What to say, as an option'
            cand --message-file 'Read what to say from a file; `-` is stdin'
            cand --agent 'The agent; the default agent without it'
            cand --model 'The model, instead of the agent''s own: provider/model, an alias, or a model id'
            cand --session-key 'Continue this session; it is kept, and begun if it is not there'
            cand --system 'Add this to the agent''s system prompt'
            cand --image 'Send an image along: PNG, JPEG, GIF or WebP'
            cand --file 'Send a file along: text is appended to the message between markers, anything else goes as data'
            cand --timeout 'Give up after this many seconds'
            cand --max-tokens 'The most tokens of the answer'
            cand --temperature 'The sampling temperature, 0 to 2'
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand --json 'Print one JSON object: text, model, agent, sessionKey, usage, toolCalls, finishReason, durationMs'
            cand --events 'Print one JSON object a line for everything that happens'
            cand --stream 'Ask the provider for a stream (the default, save with --json)'
            cand --no-stream 'Ask the provider for a whole answer'
            cand -n 'Leave stdin alone'
            cand --no-stdin 'Leave stdin alone'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'openclaw;completion'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'openclaw;config'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand check 'Check the configuration: prints everything that is wrong with it and exits 78'
            cand init 'Write a first configuration file, commented, with a fresh random token; never over one that is there'
            cand path 'Print the path of the configuration file in use'
            cand show 'Print the configuration in force, each value with where it came from, secrets redacted'
        }
        &'openclaw;config;check'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'openclaw;config;init'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'openclaw;config;path'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'openclaw;config;show'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'openclaw;embed'= {
            cand --text 'Embed this text'
            cand --model 'The embedding model; the agent''s own without it'
            cand --agent 'The agent whose embedding model is used'
            cand --dimensions 'How many numbers a vector shall have, where the model can choose'
            cand --input-format 'What one input is'
            cand --field 'The member, or the column, that holds the text, with --input-format jsonl, csv or tsv [default: text]'
            cand --id-field 'The member, or the column, that is written out as `id`, with --input-format jsonl, csv or tsv'
            cand --format 'What is written'
            cand -o 'Write to a file instead of stdout'
            cand --output 'Write to a file instead of stdout'
            cand --batch-size 'The most inputs of one request'
            cand --concurrency 'The most requests at once'
            cand --patience 'How many seconds to wait for a provider that refuses everything, as rate limited, before giving up'
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand --skip-empty 'Pass over blank inputs instead of failing; they are not counted'
            cand --skip-errors 'Skip inputs that cannot be embedded, naming each on stderr, instead of failing'
            cand --no-text 'Leave the text out'
            cand --resume 'Go on where an earlier run with this --output was cut off, behind its last whole record'
            cand --no-progress 'Show no progress, and no sum at the end'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'openclaw;gateway'= {
            cand --port 'Listen on this port; 0 takes a free one'
            cand --bind 'Listen on these addresses'
            cand --auth 'How callers prove who they are'
            cand --token 'The token that callers must send; other users of this machine can see it, see --token-file'
            cand --token-file 'Read the token from a file'
            cand --enable 'Switch endpoints on'
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand serve 'Serve the OpenAI-compatible API in the foreground'
            cand run 'Serve the OpenAI-compatible API in the foreground'
        }
        &'openclaw;gateway;serve'= {
            cand --port 'Listen on this port; 0 takes a free one'
            cand --bind 'Listen on these addresses'
            cand --auth 'How callers prove who they are'
            cand --token 'The token that callers must send; other users of this machine can see it, see --token-file'
            cand --token-file 'Read the token from a file'
            cand --enable 'Switch endpoints on'
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'openclaw;gateway;run'= {
            cand --port 'Listen on this port; 0 takes a free one'
            cand --bind 'Listen on these addresses'
            cand --auth 'How callers prove who they are'
            cand --token 'The token that callers must send; other users of this machine can see it, see --token-file'
            cand --token-file 'Read the token from a file'
            cand --enable 'Switch endpoints on'
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'openclaw;man'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'openclaw;models'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand explain 'Show which models a run would try, in which order, and what each failure would lead to'
            cand list 'List every model: ref, name, context, what it reads, and tags'
        }
        &'openclaw;models;explain'= {
            cand --agent 'The agent; the default agent without it'
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand --json 'Print one JSON object'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'openclaw;models;list'= {
            cand --agent 'Only models that this agent may use, with its tags'
            cand --provider 'Only models of this provider'
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand --json 'Print a JSON array'
            cand --plain 'Print one ref a line'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'openclaw;sessions'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the sessions, the last used first'
            cand show 'Show the conversation of a session'
            cand delete 'Delete sessions'
            cand export 'Print everything that is kept of a session as JSON, earlier branches included'
        }
        &'openclaw;sessions;list'= {
            cand --limit 'At most so many'
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand --json 'Print a JSON array'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'openclaw;sessions;show'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand --json 'Print a JSON object'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'openclaw;sessions;delete'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand --json 'Print a JSON array of what was deleted'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'openclaw;sessions;export'= {
            cand --config 'Read this configuration file'
            cand --log-level 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`'
            cand --color 'Colour the output'
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
