/** TLS: who is trusted, who must show a certificate, and what is said when it does not fit. */

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { freePorts } from '../../server/host/free-port.js'
import { type Certificate, type Certificates, makeCertificates } from '../compat/certificates.js'
import { findTool } from '../compat/find-tool.js'
import { failure, take } from './outcome.js'
import { subject } from './subject.js'

const openssl = findTool('openssl', 'OPENSSL_BIN')
let certificates: Certificates
let secure = ''
let port = 0

/** Members listen without TLS, too: their readiness is asked for there. */
function flagsWith(of: () => Certificate, more: () => readonly string[] = () => []) {
  return (endpoint: string) => [
    ...[`--listen-client-urls=${endpoint},${secure}`, `--advertise-client-urls=${secure}`],
    ...[`--cert-file=${of().certFile}`, `--key-file=${of().keyFile}`, ...more()],
  ]
}

if (openssl !== undefined) {
  beforeAll(async () => {
    certificates = makeCertificates(openssl)
    ;[port] = (await freePorts(1)) as [number]
    secure = `https://127.0.0.1:${port}`
  })
  afterAll(() => certificates.remove())

  subject(
    'tls',
    (server) => {
      const trusting = () =>
        server.connect({ endpoints: secure, tls: { caFile: certificates.ca.certFile } })

      test('calls and streams, with the authority as a file or as a text', async () => {
        const one = trusting()
        const { revision } = await one.kv.put(`${server.at}a`, '1')
        const [event] = await take(one.watch(`${server.at}a`, { startRevision: revision }), 1)
        expect(event?.kv.text()).toBe('1')
        const other = server.connect({
          endpoints: `localhost:${port}`,
          tls: { ca: certificates.ca.cert },
        })
        expect((await other.kv.get(`${server.at}a`))?.text()).toBe('1')
      })

      test('an authority that is not trusted, a name that does not fit: tls, and nothing was written', async () => {
        for (const tls of [{ caFile: certificates.stranger.certFile }, true])
          expect(
            await failure(server.connect({ endpoints: secure, tls }).kv.put('a', 'b')),
          ).toMatchObject({ code: 'tls', outcomeUnknown: false })
      })

      test('TLS to a server without it, and the other way round', async () => {
        const [plain] = server.endpoints
        const toPlain = server.connect({
          endpoints: plain!.replace('http:', 'https:'),
          tls: { caFile: certificates.ca.certFile },
        })
        expect((await failure(toPlain.kv.get('a'))).code).toBe('tls')
        const toSecure = server.connect({ endpoints: secure.replace('https:', 'http:') })
        expect((await failure(toSecure.kv.get('a'))).code).toBe('tls')
      })

      test('files that are not there, or are no certificates', async () => {
        const tls = { caFile: '/nowhere/ca.pem' }
        for (const wrong of [tls, { ca: 'no certificate' as never }, { cert: 'alone' as never }])
          expect(
            (await failure(() => server.connect({ endpoints: secure, tls: wrong }))).code,
          ).toBe('invalid-argument')
      })
    },
    { needs: 'tls', flags: flagsWith(() => certificates.server) },
  )

  subject(
    'mutual tls',
    (server) => {
      const withCertificate = ({ certFile, keyFile }: Certificate) => {
        const tls = { caFile: certificates.ca.certFile, certFile, keyFile }
        return server.connect({ endpoints: secure, tls })
      }

      test('a client shows its certificate', async () => {
        const one = withCertificate(certificates.client)
        await one.kv.put(`${server.at}a`, '1')
        expect((await one.kv.get(`${server.at}a`))?.text()).toBe('1')
      })

      test('a client without one, or with one that has expired, is told so', async () => {
        const without = server.connect({
          endpoints: secure,
          tls: { caFile: certificates.ca.certFile },
        })
        expect((await failure(without.kv.put('a', 'b'))).code).toBe('tls')
        const error = await failure(withCertificate(certificates.expired).kv.get('a'))
        expect(error.code).toBe('tls')
        expect(error.message).toMatch(/expired|certificate/)
      })
    },
    {
      needs: 'tls',
      flags: flagsWith(
        () => certificates.server,
        () => ['--client-cert-auth', `--trusted-ca-file=${certificates.ca.certFile}`],
      ),
    },
  )

  subject(
    'a server whose certificate has expired',
    (server) => {
      test('is not talked to', async () => {
        const one = server.connect({ endpoints: secure, tls: { caFile: certificates.ca.certFile } })
        const error = await failure(one.kv.put('a', 'b'))
        expect(error).toMatchObject({ code: 'tls', outcomeUnknown: false })
        expect(error.message).toContain('expired')
      })
    },
    { needs: 'tls', flags: flagsWith(() => certificates.expired) },
  )
} else if (process.env['CI'] === 'true')
  test('openssl is installed', () => {
    throw new Error('no openssl: put it on the PATH, or set OPENSSL_BIN')
  })
else test.skip('skipped: no openssl on the PATH, and no OPENSSL_BIN', () => {})
