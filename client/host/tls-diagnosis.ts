/**
 * Whether the other side speaks TLS, asked when a connection ended without a word.
 *
 * A server that speaks TLS says nothing to a client that does not, and the other way
 * round, so neither side's error tells. One connection more does: a TLS handshake that
 * gets a TLS answer, or an HTTP/2 preface that gets the frame with which every HTTP/2
 * server begins.
 */

import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** How long a server may take to begin. */
const PATIENCE_MS = 1_000

/** What an HTTP/2 client says first: its preface and an empty SETTINGS frame. */
const HTTP2_OPENING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])
/** The type of a SETTINGS frame, and where in a frame it stands. */
const SETTINGS_TYPE = 4
const FRAME_TYPE_AT = 3

/** Where a target of grpc-js is: host and port, or the path of a socket. */
function placeOf(target: string): { host: string; port: number } | { path: string } {
  const path = /^unix:(.+)$/.exec(target)
  if (path !== null) return { path: path[1]! }
  const [, host, port] = /^(?:dns:)?(.*):(\d+)$/.exec(target) ?? []
  return { host: (host ?? '').replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

/**
 * What is wrong when a connection to `target` ended early; undefined when it is not TLS.
 *
 * @param secure whether the connection was one with TLS.
 */
export async function diagnose(target: string, secure: boolean): Promise<string | undefined> {
  if (secure)
    return (await speaksPlainly(target))
      ? 'the server speaks HTTP/2 without TLS: its address begins with http://'
      : undefined
  return (await speaksTls(target))
    ? 'the server speaks TLS: its address begins with https://'
    : undefined
}

function speaksTls(target: string): Promise<boolean> {
  return ask((done) => {
    // Whose certificate it is does not matter here; nothing is sent on this connection.
    const options = { ...placeOf(target), rejectUnauthorized: false, ALPNProtocols: ['h2'] }
    const socket = connectTls(options, () => done(true))
    // An alert of the server is an answer in TLS.
    socket.on('error', (error: Error & { code?: string }) => done(/alert/i.test(error.message)))
    return socket
  })
}

function speaksPlainly(target: string): Promise<boolean> {
  return ask((done) => {
    const socket = connectTcp(placeOf(target), () => socket.write(HTTP2_OPENING))
    socket.on('data', (bytes) => done(bytes[FRAME_TYPE_AT] === SETTINGS_TYPE))
    socket.on('error', () => done(false))
    return socket
  })
}

/** Runs one connection to its verdict; never longer than {@link PATIENCE_MS}, and without holding the process. */
function ask(begin: (done: (verdict: boolean) => void) => Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (verdict: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(verdict)
    }
    const timer = setTimeout(() => done(false), PATIENCE_MS).unref()
    const socket = begin(done)
    socket.unref()
    socket.on('close', () => done(false))
  })
}
