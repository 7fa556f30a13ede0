//! Logins, certificates and refusals, with a real registry.

mod rig;

use bytes::Bytes;
use oci::{Content, Name, Registry, Trust, digest};
use rig::{Open, Private};

const MEDIA_TYPES: [&str; 1] = ["application/vnd.oci.image.manifest.v1+json"];

async fn push_something(registry: &Registry, server: &str) -> Result<bool, oci::OciError> {
    let name = Name::parse(&format!("{server}/acme/thing:v1")).unwrap();
    registry.may_push(&name).await?;
    let bytes = Bytes::from_static(b"something");
    registry.push_blob(&name, &digest(&bytes), &Content::Bytes(bytes)).await
}

#[tokio::test]
async fn a_registry_that_asks_for_a_password_gets_it() {
    let Some(private) = Private::start(false) else { return };
    let login = private.login("the-registrys-password");
    let registry = private.registry(Some(&login)).unwrap();
    assert!(push_something(&registry, &private.server).await.unwrap());
    assert!(!push_something(&registry, &private.server).await.unwrap(), "what is there is not sent again");
    let name = Name::parse(&format!("{}/acme/thing:v1", private.server)).unwrap();
    let found = registry.blob(&name, &digest(b"something"), 100).await.unwrap();
    assert_eq!(found.as_ref(), b"something");
    let error = registry.blob(&name, &digest(b"something"), 3).await.unwrap_err();
    assert!(error.to_string().ends_with("it is larger than 3 bytes"), "{error}");
    let error = registry.manifest(&name, &MEDIA_TYPES).await.unwrap_err();
    assert_eq!(error.to_string(), format!("pull {name}: {} does not have it", private.server));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_never_told() {
    let Some(private) = Private::start(false) else { return };
    for login in [Some(private.login("a-wrong-password")), None] {
        let registry = private.registry(login.as_ref()).unwrap();
        let error = push_something(&registry, &private.server).await.unwrap_err();
        let expected = format!("{} refuses the login", private.server);
        assert!(error.to_string().ends_with(&expected), "{error}");
        assert!(!format!("{error:?} {registry:?} {login:?}").contains("a-wrong-password"), "{error:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_docker_has_for_the_registry_is_trusted_and_no_other() {
    let Some(private) = Private::start(true) else { return };
    let login = private.login("the-registrys-password");
    assert!(push_something(&private.registry(Some(&login)).unwrap(), &private.server).await.unwrap());
    let other = Private::start(true).expect("it could be started before");
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join(&private.server);
    std::fs::create_dir_all(&mine).unwrap();
    let certificate = other.folder.path().join("certs.d").join(&other.server).join("ca.crt");
    std::fs::copy(certificate, mine.join("ca.crt")).unwrap();
    let registry = Registry::new(&private.server, Some(&login), &Trust::in_folder(folder.path())).unwrap();
    let error = push_something(&registry, &private.server).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("reach {}: ", private.server)), "{error}");
    std::fs::write(mine.join("ca.crt"), "none").unwrap();
    assert!(Registry::new(&private.server, Some(&login), &Trust::in_folder(folder.path())).is_err());
}

#[tokio::test]
async fn nobody_there_is_told_with_the_server() {
    let server =
        format!("127.0.0.1:{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let registry = Registry::new(&server, None, &Trust::in_folder("/nonexistent")).unwrap();
    let error = push_something(&registry, &server).await.unwrap_err();
    assert_eq!(error.to_string(), format!("reach {server}: Connection refused (os error 111)"));
}

#[tokio::test]
async fn a_manifest_has_the_names_it_was_pushed_under() {
    let open = Open::start().await;
    let registry = open.registry();
    let name = Name::parse(&format!("{}/acme/thing:v1", open.server)).unwrap();
    let bytes = Bytes::from_static(br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#);
    registry.push_manifest(&name, MEDIA_TYPES[0], bytes.clone()).await.unwrap();
    let manifest = registry.manifest(&name, &MEDIA_TYPES).await.unwrap();
    assert_eq!((manifest.bytes, manifest.media_type.as_str()), (bytes.clone(), MEDIA_TYPES[0]));
    assert_eq!(registry.manifest(&name.of(&digest(&bytes)), &MEDIA_TYPES).await.unwrap().digest, digest(&bytes));
}
