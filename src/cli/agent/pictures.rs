//! The pictures of a message, from files: of a type that models read, within the limits of every door.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::message::{name_of, read_file};
use crate::chat::{
    Image, ImageSource, MAX_IMAGE_BYTES, MAX_IMAGES, MAX_IMAGES_BYTES, picture_type,
};
use crate::cli::CliError;

/// The pictures in these files, in order.
///
/// # Errors
/// A file that cannot be read or holds no picture, one that is too large, or too many.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Image>, CliError> {
    read_within(paths, MAX_IMAGES_BYTES)
}

fn read_within(paths: &[PathBuf], mut bytes_left: usize) -> Result<Vec<Image>, CliError> {
    if paths.len() > MAX_IMAGES {
        return Err(CliError::Usage(format!(
            "{} images are too many: a message may have {MAX_IMAGES}",
            paths.len()
        )));
    }
    let mut images = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = read_file(path, MAX_IMAGE_BYTES)?;
        bytes_left = bytes_left.checked_sub(bytes.len()).ok_or_else(|| {
            let name = path.display();
            CliError::BadInput(format!(
                "`{name}` is one too many: all images together may have {MAX_IMAGES_BYTES} bytes"
            ))
        })?;
        images.push(image(path, &bytes)?);
    }
    Ok(images)
}

fn image(path: &Path, bytes: &[u8]) -> Result<Image, CliError> {
    let mime = picture_type(bytes).ok_or_else(|| {
        let name = name_of(path);
        CliError::BadInput(format!("`{name}` is no PNG, JPEG, GIF or WebP image"))
    })?;
    Ok(Image {
        source: ImageSource::Inline {
            mime,
            base64: BASE64_STANDARD.encode(bytes),
        },
        detail: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIF: &[u8] = b"GIF89a12";

    fn files(contents: &[&[u8]]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let write = |(number, bytes): (usize, &&[u8])| {
            let path = folder.path().join(format!("{number}.png"));
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let paths = contents.iter().enumerate().map(write).collect();
        (folder, paths)
    }

    #[test]
    fn an_image_is_what_its_bytes_say_and_not_its_name() {
        let (_folder, paths) = files(&[GIF]);
        let source = ImageSource::Inline {
            mime: "image/gif",
            base64: "R0lGODlhMTI=".to_owned(),
        };
        let image = Image {
            source,
            detail: None,
        };
        assert_eq!(read(&paths).unwrap(), [image]);
        let (_folder, paths) = files(&[b"BM"]);
        let error = read(&paths).unwrap_err().to_string();
        assert_eq!(error, "`0.png` is no PNG, JPEG, GIF or WebP image");
    }

    #[test]
    fn images_are_limited_in_number_and_together() {
        let (_folder, paths) = files(&[GIF; MAX_IMAGES + 1]);
        assert_eq!(
            read(&paths).unwrap_err().to_string(),
            "9 images are too many: a message may have 8"
        );
        assert_eq!(read_within(&paths[..2], 16).unwrap().len(), 2);
        let error = read_within(&paths[..2], 15).unwrap_err().to_string();
        assert!(error.contains("1.png` is one too many"), "{error}");
    }
}
