/** A range that comes in pieces, put together to the answer that a plain range would have had. */

import { type Client, ConclaveError, type RequestOptions } from '../../client/index.js'
import { type RangeRequest, RangeResponse } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'

/**
 * Reads by RangeStream, from the endpoint in use, without any repetition.
 *
 * @throws {ConclaveError} as for a read.
 * @throws {Error} the stream ended well and its last piece was missing.
 */
export function readStreamed(
  client: Client,
  request: RangeRequest,
  options: RequestOptions,
): Promise<RangeResponse> {
  return new Promise((resolve, reject) => {
    const pieces: RangeResponse[] = []
    const stream = client.stream(KV.rangeStream, options)
    stream.receive({
      message({ rangeResponse }) {
        pieces.push(rangeResponse ?? RangeResponse.create())
      },
      close(error) {
        const last = pieces.at(-1)
        if (error !== undefined) reject(ConclaveError.from(error))
        else if (last?.header === undefined) reject(new Error('a streamed range ended too early'))
        else resolve({ ...last, kvs: pieces.flatMap(({ kvs }) => kvs) })
      },
    })
    stream.send(request)
    stream.end()
  })
}
