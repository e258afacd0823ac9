/** The client and TLS, against a real etcd: certificates that fit, and everything that does not. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Client, type ConnectOptions, connect } from '../../client/index.js'
import { failure, take } from '../client/outcome.js'
import { type Certificate, type Certificates, makeCertificates } from './certificates.js'
import { findEtcd, type RunningCluster, startEtcd } from './etcd-process.js'
import { findTool } from './find-tool.js'

const etcd = findEtcd()
const openssl = findTool('openssl', 'OPENSSL_BIN')
const describeWithTools = etcd === undefined || openssl === undefined ? describe.skip : describe

/** More than a test has: who tries on and on is found out. */
const PATIENCE_MS = 120_000

describeWithTools('TLS against etcd (needs etcd and openssl)', () => {
  let certificates: Certificates
  /** One by one: what they present differs. */
  let plain: RunningCluster
  let secure: RunningCluster
  let mutual: RunningCluster
  let other: RunningCluster
  const open: Client[] = []

  beforeAll(async () => {
    certificates = makeCertificates(openssl!)
    const { ca, client } = certificates
    const present = ({ certFile, keyFile }: Certificate) => [
      ...['--cert-file', certFile, '--key-file', keyFile],
    ]
    const tls = { ca: ca.cert, cert: client.cert, key: client.key }
    const asked = ['--client-cert-auth', '--trusted-ca-file', ca.certFile]
    ;[plain, secure, mutual, other] = await Promise.all([
      startEtcd(etcd!),
      startEtcd(etcd!, { tls, flags: present(certificates.server) }),
      startEtcd(etcd!, { tls, flags: [...present(certificates.server), ...asked] }),
      startEtcd(etcd!, {
        tls: { ...tls, serverName: 'other.example' },
        flags: present(certificates.other),
      }),
    ])
  }, 60_000)

  afterAll(async () => {
    for (const client of open) client.close()
    await Promise.all([plain, secure, mutual, other].map((cluster) => cluster?.stop()))
    certificates?.remove()
  }, 60_000)

  const client = (cluster: RunningCluster, options: ConnectOptions) => {
    const one = connect({
      endpoints: cluster.endpoints,
      env: {},
      timeoutMs: PATIENCE_MS,
      ...options,
    })
    open.push(one)
    return one
  }

  /** What reads, writes and watches fail with, and that they do not try until their time is over. */
  const refusal = async (cluster: RunningCluster, options: ConnectOptions) => {
    const one = client(cluster, options)
    const read = await failure(one.kv.get('k'))
    expect(read.code).toBe('tls')
    expect(await failure(one.kv.put('k', 'v'))).toMatchObject({
      code: 'tls',
      outcomeUnknown: false,
    })
    expect((await failure(take(one.watch('k'), 1))).code).toBe('tls')
    return read.message
  }

  test('a server whose authority is known is reached, from texts, bytes, files and variables', async () => {
    const { ca } = certificates
    const pem = Buffer.from(ca.cert).toString()
    for (const tls of [{ ca: ca.cert }, { ca: pem }, { caFile: ca.certFile }])
      await client(secure, { tls }).kv.put('k', 'v')
    for (const prefix of ['CONCLAVE', 'ETCDCTL'])
      await client(secure, { env: { [`${prefix}_CACERT`]: ca.certFile } }).kv.put('k', 'v')
    const host = secure.endpoints[0]!.replace('https://', '')
    await client(secure, { endpoints: host, tls: { ca: ca.cert } }).kv.put('k', 'v')
    const watcher = client(secure, { tls: { ca: ca.cert } }).watch('k', { startRevision: 2 })
    const [event] = await take(watcher, 1)
    expect(event?.kv.text()).toBe('v')
  })

  test('an unknown authority is refused, unless told to be trusted anyway', async () => {
    expect(await refusal(secure, { tls: true })).toMatch(/certificate/)
    await client(secure, { tls: { insecureSkipVerify: true } }).kv.get('k')
    const env = { ETCDCTL_INSECURE_SKIP_TLS_VERIFY: 'true' }
    await client(secure, { env }).kv.get('k')
  })

  test('a certificate for another host is refused, unless that name was asked for', async () => {
    const ca = certificates.ca.cert
    expect(await refusal(other, { tls: { ca } })).toMatch(/altnames/)
    await client(other, { tls: { ca, serverName: 'other.example' } }).kv.get('k')
  })

  test('a client that is asked for its certificate needs one that the server knows', async () => {
    const { ca, client: mine, stranger } = certificates
    expect(await refusal(mutual, { tls: { ca: ca.cert } })).toMatch(/client certificate/)
    const wrong = { ca: ca.cert, cert: stranger.cert, key: stranger.key }
    expect(await refusal(mutual, { tls: wrong })).toMatch(/client certificate/)
    const { certFile, keyFile } = mine
    await client(mutual, { tls: { ca: ca.cert, certFile, keyFile } }).kv.get('k')
    const env = {
      ETCDCTL_CACERT: ca.certFile,
      ETCDCTL_CERT: certFile,
      CONCLAVE_KEY: keyFile,
    }
    await client(mutual, { env }).kv.get('k')
  })

  test('a certificate that has expired is refused', async () => {
    const { ca, expired } = certificates
    const late = await startEtcd(etcd!, {
      tls: { insecureSkipVerify: true },
      flags: ['--cert-file', expired.certFile, '--key-file', expired.keyFile],
    })
    try {
      expect(await refusal(late, { tls: { ca: ca.cert } })).toMatch(/expired/)
    } finally {
      await late.stop()
    }
  }, 40_000)

  test('a server that speaks TLS, asked without, and the reverse', async () => {
    const toTls = secure.endpoints[0]!.replace('https:', 'http:')
    expect(await refusal(secure, { endpoints: toTls })).toMatch(/begins with https:/)
    const toMutual = mutual.endpoints[0]!.replace('https:', 'http:')
    expect(await refusal(mutual, { endpoints: toMutual })).toMatch(/begins with https:/)
    const toPlain = plain.endpoints[0]!.replace('http:', 'https:')
    const tls = { ca: certificates.ca.cert }
    expect(await refusal(plain, { endpoints: toPlain, tls })).toMatch(/begins with http:/)
  })

  test('a good endpoint is found beside bad ones', async () => {
    const ca = certificates.ca.cert
    const endpoints = [other, mutual, secure].flatMap((cluster) => cluster.endpoints)
    for (let first = 0; first < 3; first++) {
      const random = { next: () => first / 3, bytes: (length: number) => new Uint8Array(length) }
      const one = client(secure, { endpoints, tls: { ca }, random })
      await one.kv.put('k', 'v')
      const [event] = await take(one.watch('k', { startRevision: 2 }), 1)
      expect(event?.kv.text()).toBe('v')
    }
  })
})
