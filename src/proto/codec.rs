//! How messages are written and read: as prost does, with buffers of a fitting size.

use std::any::TypeId;
use std::marker::PhantomData;

use prost::Message;
use tonic::codec::{self, BufferSettings};
use tonic_prost::{ProstDecoder, ProstEncoder};

use super::generated::{BackfillResponse, MatchResponse};

/// The codec of a method that sends `T` and receives `U`.
#[derive(Debug)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

/// Bytes of answers of a stream that are collected before they are sent; fewer if no other answer
/// is ready.
const TOGETHER: usize = 48 << 10;

/// Size of the buffer for them and for the answer that exceeds them: a buffer that has to grow is
/// copied.
const STREAM_BUFFER: usize = 64 << 10;

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ProstDecoder<U>;

    fn encoder(&mut self) -> ProstEncoder<T> {
        let streams = [
            TypeId::of::<MatchResponse>(),
            TypeId::of::<BackfillResponse>(),
        ];
        ProstEncoder::new(if streams.contains(&TypeId::of::<T>()) {
            BufferSettings::new(STREAM_BUFFER, TOGETHER)
        } else {
            BufferSettings::default()
        })
    }

    fn decoder(&mut self) -> ProstDecoder<U> {
        ProstDecoder::default()
    }
}
