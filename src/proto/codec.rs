//! How messages are written and read: prost's way, with buffers that fit, and INVALID_ARGUMENT for
//! bytes that are not a message.

use std::any::TypeId;
use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{self, BufferSettings, DecodeBuf};
use tonic_prost::ProstEncoder;

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
    type Decoder = Decoder<U>;

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

    fn decoder(&mut self) -> Decoder<U> {
        Decoder(PhantomData)
    }
}

/// Reads messages of type `U`.
#[derive(Debug)]
pub struct Decoder<U>(PhantomData<U>);

impl<U: Message + Default> codec::Decoder for Decoder<U> {
    type Item = U;
    type Error = Status;

    /// Unlike prost's own decoder it says INVALID_ARGUMENT, not INTERNAL: the caller has to change
    /// the message, and the same one would be refused again.
    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        match U::decode(buf) {
            Ok(message) => Ok(Some(message)),
            // Names messages and fields of the contract, and repeats nothing of the bytes.
            Err(error) => Err(Status::invalid_argument(format!(
                "the message cannot be read: {error}"
            ))),
        }
    }
}
