//! A store in memory that fails when it is told to, and lets somebody look at it after each
//! request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UpdateVersion,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset before the request arrives.
    Reset,
    /// The request is done, and its answer is lost.
    LostAnswer,
    /// 503.
    Unavailable,
    /// 412.
    Precondition,
    /// No answer ever.
    Timeout,
    /// The process is killed: nothing arrives from now on.
    Kill,
    /// The process is killed just after this request arrived.
    KillAfter,
}

pub const FAULTS: [Fault; 7] = [
    Fault::Reset,
    Fault::LostAnswer,
    Fault::Unavailable,
    Fault::Precondition,
    Fault::Timeout,
    Fault::Kill,
    Fault::KillAfter,
];

type Look = Arc<dyn Fn(&InMemory) + Send + Sync>;

/// What happens elsewhere while this machine sleeps.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// What the ETag of an object follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Etags {
    /// Each write: Google's and Azure's.
    Writes,
    /// The bytes: Amazon's.
    Bytes,
}

/// The store.
pub struct FaultyStore {
    inner: Arc<InMemory>,
    fault: Option<(usize, Fault)>,
    requests: AtomicUsize,
    dead: AtomicBool,
    look: Look,
    deleted: std::sync::Mutex<Vec<String>>,
    etags: Etags,
    sleep: std::sync::Mutex<Option<(usize, Meanwhile)>>,
}

impl FaultyStore {
    /// `inner`, in which request number `at` (from 0) meets a fault.
    pub fn new(inner: Arc<InMemory>, fault: Option<(usize, Fault)>, look: Look) -> Arc<Self> {
        let (requests, dead) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (deleted, sleep) = Default::default();
        Arc::new(Self { inner, fault, requests, dead, look, deleted, etags: Etags::Writes, sleep })
    }

    /// `inner` as a machine sees it that falls asleep when request number `at` is on its way, and
    /// many others with it; they arrive after what happens `meanwhile`.
    pub fn sleepy(
        inner: Arc<InMemory>,
        at: usize,
        etags: Etags,
        meanwhile: impl FnOnce() + Send + 'static,
    ) -> Arc<Self> {
        let sleep = std::sync::Mutex::new(Some((at, Box::new(meanwhile) as Meanwhile)));
        let (requests, dead) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (look, deleted): (Look, _) = (Arc::new(|_| {}), Default::default());
        Arc::new(Self { inner, fault: None, requests, dead, look, deleted, etags, sleep })
    }

    /// A request is on its way; whatever else is under way goes off before it arrives.
    async fn on_its_way(&self, number: usize) {
        let asleep = self.sleep.lock().unwrap().is_some();
        if asleep {
            tokio::task::yield_now().await;
        }
        let mut sleep = self.sleep.lock().unwrap();
        if let Some((_, meanwhile)) = sleep.take_if(|(at, _)| number >= *at) {
            drop(sleep);
            meanwhile();
        }
    }

    /// The ETag as such a store would tell it.
    fn dressed(&self, bytes: &[u8], meta: ObjectMeta) -> ObjectMeta {
        match self.etags {
            Etags::Writes => meta,
            Etags::Bytes => ObjectMeta { e_tag: Some(lifthill::digest::Digest::of(bytes).to_string()), ..meta },
        }
    }

    async fn put_over(
        &self,
        location: &Path,
        payload: PutPayload,
        expected: &str,
        options: PutOptions,
    ) -> Result<PutResult> {
        let there = self.inner.get(location).await?;
        let own = there.meta.e_tag.clone();
        let bytes = there.bytes().await?;
        if lifthill::digest::Digest::of(&bytes).to_string() != expected {
            return Err(Error::Precondition { path: location.to_string(), source: "412 Precondition Failed".into() });
        }
        let mode = PutMode::Update(UpdateVersion { e_tag: own, version: None });
        self.inner.put_opts(location, payload, PutOptions { mode, ..options }).await
    }

    /// Requests so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Keys that were deleted.
    pub fn deleted(&self) -> Vec<String> {
        self.deleted.lock().unwrap().clone()
    }

    async fn request<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let broken = |what: &str| Error::Generic { store: "test", source: what.into() };
        if self.dead.load(Ordering::SeqCst) {
            return Err(broken("killed"));
        }
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        self.on_its_way(number).await;
        match self.fault.filter(|(at, _)| *at == number).map(|(_, fault)| fault) {
            None => {
                let done = work.await;
                (self.look)(&self.inner);
                done
            }
            Some(Fault::Reset) => Err(broken("connection reset")),
            Some(Fault::Unavailable) => Err(broken("503 Service Unavailable")),
            Some(Fault::Precondition) => {
                Err(Error::Precondition { path: "somewhere".into(), source: "412 Precondition Failed".into() })
            }
            Some(Fault::Timeout) => std::future::pending().await,
            Some(Fault::Kill) => {
                self.dead.store(true, Ordering::SeqCst);
                Err(broken("killed"))
            }
            Some(fault) => {
                work.await?;
                (self.look)(&self.inner);
                self.dead.store(fault == Fault::KillAfter, Ordering::SeqCst);
                Err(broken("the answer was lost"))
            }
        }
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a faulty store")
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a faulty store")
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if self.etags == Etags::Writes {
            return self.request(self.inner.put_opts(location, payload, options)).await;
        }
        let bytes: Vec<u8> = payload.iter().flat_map(|part| part.iter().copied()).collect();
        let put = match &options.mode {
            PutMode::Update(UpdateVersion { e_tag: Some(expected), .. }) => {
                let expected = expected.clone();
                self.request(self.put_over(location, payload, &expected, options)).await?
            }
            _ => self.request(self.inner.put_opts(location, payload, options)).await?,
        };
        Ok(PutResult { e_tag: Some(lifthill::digest::Digest::of(&bytes).to_string()), ..put })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.request(self.inner.put_multipart_opts(location, options)).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut found = self.request(self.inner.get_opts(location, options)).await?;
        if self.etags == Etags::Bytes {
            let bytes = self.inner.get(location).await?.bytes().await?;
            found.meta = self.dressed(&bytes, found.meta);
        }
        Ok(found)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        // As the real one does, this fails for all keys of a request at once.
        let number = self.requests.load(Ordering::SeqCst);
        let fault = self.fault.filter(|(at, _)| *at == number).map(|(_, fault)| fault);
        let dead = self.dead.load(Ordering::SeqCst);
        self.requests.fetch_add(1, Ordering::SeqCst);
        let broken = || Error::Generic { store: "test", source: "connection reset".into() };
        if dead || matches!(fault, Some(Fault::Reset | Fault::Unavailable | Fault::Kill | Fault::Precondition)) {
            self.dead.store(dead || fault == Some(Fault::Kill), Ordering::SeqCst);
            return futures_util::stream::once(async move { Err(broken()) }).boxed();
        }
        if fault == Some(Fault::Timeout) {
            return futures_util::stream::pending().boxed();
        }
        let inner = Arc::clone(&self.inner);
        let paths: Vec<Path> = futures_util::FutureExt::now_or_never(locations.collect::<Vec<_>>())
            .expect("keys are given at once")
            .into_iter()
            .collect::<Result<_>>()
            .expect("good keys");
        self.deleted.lock().unwrap().extend(paths.iter().map(ToString::to_string));
        let gone: Vec<Result<Path>> = paths
            .into_iter()
            .map(|path| {
                let deleted = futures_util::FutureExt::now_or_never(inner.delete(&path)).expect("memory does not wait");
                deleted.map(|()| path)
            })
            .collect();
        (self.look)(&self.inner);
        self.dead.store(fault == Some(Fault::KillAfter), Ordering::SeqCst);
        match fault {
            None => futures_util::stream::iter(gone).boxed(),
            Some(_) => futures_util::stream::once(async move { Err(broken()) }).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.request(self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.request(self.inner.copy_opts(from, to, options)).await
    }
}

/// Everything in a store, by key.
pub fn contents(store: &InMemory) -> BTreeMap<String, Vec<u8>> {
    let ready = |what: &str| format!("memory does not wait: {what}");
    let listed = futures_util::FutureExt::now_or_never(store.list(None).collect::<Vec<_>>());
    let mut found = BTreeMap::new();
    for meta in listed.unwrap_or_else(|| panic!("{}", ready("list"))) {
        let key = meta.expect("a listed object").location;
        let got = futures_util::FutureExt::now_or_never(async { store.get(&key).await?.bytes().await });
        let bytes = got.unwrap_or_else(|| panic!("{}", ready("get"))).expect("an object that was just listed");
        found.insert(key.to_string(), bytes.to_vec());
    }
    found
}

/// The headers of everything that visitors see, by key, as text.
pub fn headers_in(store: &InMemory) -> BTreeMap<String, String> {
    let keys = contents(store).into_keys().filter(|key| !key.starts_with("_deploy/"));
    let told = |key: &str| {
        let got = futures_util::FutureExt::now_or_never(store.get_opts(&Path::from(key), GetOptions::default()));
        let attributes = got.expect("memory does not wait").expect("an object that was just listed").attributes;
        let mut told: Vec<String> = attributes.iter().map(|(name, value)| format!("{name:?}: {value:?}")).collect();
        told.sort();
        told.join("; ")
    };
    keys.map(|key| (key.clone(), told(&key))).collect()
}
