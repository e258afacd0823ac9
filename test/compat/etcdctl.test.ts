/**
 * etcd's own etcdctl against three members of ours, and against three of etcd's.
 *
 * Every command that tutorials of etcd show is run on both clusters and must end with the
 * same output and exit code. What differs by nature (ids, ports, times, Raft's numbers) is
 * replaced before. The expected text stands in each test too, so that it holds where no
 * etcd is installed.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { ProcessCluster, waitFor } from '../process/process-cluster.js'
import { run, type Tool } from './command-run.js'
import { findEtcd } from './etcd-process.js'
import { startEtcdTrio } from './etcd-trio.js'
import { findTool } from './find-tool.js'
import { endpointsFlag, type Side, Sides } from './tool-sides.js'

const program = findTool('etcdctl', 'ETCDCTL_BIN')
const etcdctl: Tool = { program: program ?? '', first: [] }
const etcd = findEtcd()

let both: Sides
const stops: (() => Promise<void>)[] = []

const describeEtcdctl = program === undefined ? describe.skip : describe

if (program === undefined && process.env['CI'] === 'true')
  test('etcdctl is installed', () => {
    throw new Error('no etcdctl: set ETCDCTL_BIN or put etcdctl on the PATH')
  })

describeEtcdctl('etcdctl', () => {
  beforeAll(async () => {
    const ours = await ProcessCluster.start(3)
    stops.push(() => ours.stop())
    const sides: Side[] = [{ tool: etcdctl, urls: ours.endpoints }]
    if (etcd !== undefined) {
      const theirs = await startEtcdTrio(etcd)
      stops.push(() => theirs.stop())
      sides.push({ tool: etcdctl, urls: theirs.endpoints })
    }
    both = new Sides(sides)
    for (const { urls } of sides)
      await waitFor('every member to tell its name', async () => {
        const { stdout } = await run(etcdctl, [endpointsFlag(urls), 'member', 'list'])
        return stdout.match(/ started,/g)?.length === 3
      })
  }, 120_000)
  afterAll(async () => {
    await Promise.all(stops.map((stop) => stop()))
  }, 60_000)
  beforeEach(() => both.fresh(), 60_000)

  /** foo to foo3, as the tutorials write them. */
  async function fourKeys() {
    for (const [key, value] of [
      ['foo', 'bar'],
      ['foo1', 'bar1'],
      ['foo2', 'bar2'],
      ['foo3', 'bar3'],
    ])
      expect(await both.out(['put', key!, value!])).toBe('OK\n')
  }

  describe('the cluster', () => {
    test('version', async () => {
      expect(await both.out('version')).toMatch(
        /^etcdctl version: 3\.\d+\.\d+\nAPI version: 3\.\d+\n$/,
      )
    })

    test('member list', async () => {
      expect(await both.lines('member list')).toEqual(
        ['m1', 'm2', 'm3'].map(
          (name) =>
            `<id>, started, ${name}, http://127.0.0.1:<port>, http://127.0.0.1:<port>, false`,
        ),
      )
    })

    test('member list as a table', async () => {
      const lines = await both.lines('--write-out=table member list')
      expect(lines).toEqual([
        ...['m1', 'm2', 'm3'].map(
          (name) =>
            `<id> | started | ${name} | http://127.0.0.1:<port> | http://127.0.0.1:<port> | false`,
        ),
        'ID | STATUS | NAME | PEER ADDRS | CLIENT ADDRS | IS LEARNER',
      ])
    })

    test('member list as fields and as json', async () => {
      expect(await both.lines('member list -w fields')).toContain('"Name" : "m2"')
      for (const side of both.all) {
        const { stdout } = await run(etcdctl, [
          endpointsFlag(side.urls),
          'member',
          'list',
          '-w=json',
        ])
        const { header, members } = JSON.parse(stdout)
        expect(header).toMatchObject({ raft_term: expect.any(Number) })
        expect(members).toHaveLength(3)
        expect(Object.keys(members[0])).toEqual(['ID', 'name', 'peerURLs', 'clientURLs'])
      }
    })

    test('endpoint health', async () => {
      const healthy = '127.0.0.1:<port> is healthy: successfully committed proposal: took = <took>'
      expect(await both.lines('endpoint health')).toEqual([healthy, healthy, healthy])
    })

    test('endpoint health names the member that is gone, and the exit code tells it', async () => {
      const gone = endpointsFlag([both.all[0]!.urls[0]!, 'http://127.0.0.1:1'])
      const { stderr, code } = await run(etcdctl, [
        ...[gone, '--dial-timeout=500ms', '--command-timeout=2s', 'endpoint', 'health'],
      ])
      expect(stderr).toMatch(
        / is healthy: .*\n127.0.0.1:1 is unhealthy: .*\nError: unhealthy cluster\n/,
      )
      expect(code).toBe(1)
    })

    test('endpoint status', async () => {
      for (const side of both.all) {
        const { stdout, stderr, code } = await run(etcdctl, [
          endpointsFlag(side.urls),
          ...['endpoint', 'status'],
        ])
        expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
        const rows = stdout
          .trim()
          .split('\n')
          .map((line) => line.split(', '))
        expect(rows.map((row) => row[0])).toEqual(side.urls.map((url) => url.slice(7)))
        for (const row of rows) {
          expect(row[1]).toMatch(/^[0-9a-f]{13,16}$/)
          expect(row[2]).toMatch(/^3\.\d+\.\d+$/)
          expect(row[3]).toMatch(/^\d+(\.\d+)? [kM]B$/)
        }
        expect(rows.filter((row) => row[4] === 'true')).toHaveLength(1)
      }
    })

    test('endpoint status as a table', async () => {
      for (const side of both.all) {
        const flag = endpointsFlag(side.urls)
        const { stdout, code } = await run(etcdctl, ['-w', 'table', flag, 'endpoint', 'status'])
        expect(code).toBe(0)
        expect(stdout.split('\n')[1]).toMatch(/ENDPOINT .* ID .* VERSION .* DB SIZE .* IS LEADER /)
        expect(stdout.trim().split('\n')).toHaveLength(7)
      }
    })

    test('endpoint hashkv: all members have the same', async () => {
      await fourKeys()
      for (const { urls } of both.all)
        await waitFor('equal hashes', async () => {
          const { stdout } = await run(etcdctl, [endpointsFlag(urls), 'endpoint', 'hashkv'])
          const hashes = [...stdout.matchAll(/, (\d+)$/gm)].map(([, hash]) => hash)
          return hashes.length === 3 && new Set(hashes).size === 1
        })
    })

    test('alarm list', async () => {
      expect(await both.out('alarm list')).toBe('')
    })

    // etcd's Go client up to 3.4 sends `:authority: http://host:port`, which HTTP/2 forbids.
    test('endpoints with a scheme', async () => {
      for (const { urls } of both.all) {
        const flag = `--endpoints=${urls.join(',')}`
        const put = await run(etcdctl, [flag, 'put', 'foo', 'bar'])
        expect(put).toEqual({ stdout: 'OK\n', stderr: '', code: 0 })
        const health = await run(etcdctl, [flag, 'endpoint', 'health'])
        expect(health.stderr.match(/ is healthy/g)).toHaveLength(3)
      }
    })

    test('endpoint status --cluster', async () => {
      for (const { urls } of both.all) {
        const one = endpointsFlag(urls.slice(0, 1))
        const { stdout, stderr, code } = await run(etcdctl, [
          one,
          'endpoint',
          'status',
          '--cluster',
        ])
        expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
        const asked = stdout
          .trim()
          .split('\n')
          .map((line) => line.split(', ')[0])
        expect(asked.sort()).toEqual([...urls].sort())
      }
    })
  })

  describe('keys', () => {
    test('put and get', async () => {
      expect(await both.out('put foo bar')).toBe('OK\n')
      expect(await both.out('get foo')).toBe('foo\nbar\n')
      expect(await both.out(['put', 'foo', 'Hello World!'])).toBe('OK\n')
      expect(await both.out('get foo')).toBe('foo\nHello World!\n')
      expect(await both.out('put foo again --prev-kv')).toBe('OK\nfoo\nHello World!\n')
    })

    test('put reads the value from standard input', async () => {
      expect(await both.out('put foo', { stdin: 'line\n' })).toBe('OK\n')
      expect(await both.out('get foo')).toBe('foo\nline\n\n')
    })

    test('get: value only, hex, json, fields', async () => {
      await both.out('put foo bar')
      expect(await both.out('get foo --print-value-only')).toBe('bar\n')
      expect(await both.out('get foo --hex')).toBe('\\x66\\x6f\\x6f\n\\x62\\x61\\x72\n')
      const kv =
        '{"key":"Zm9v","create_revision":@+1,"mod_revision":@+1,"version":1,"value":"YmFy"}'
      expect(await both.out('get foo -w=json')).toContain(`,"kvs":[${kv}],"count":1}`)
      expect(await both.out('--write-out=json get foo')).toContain(kv)
      expect(await both.out('get foo -w fields')).toContain(
        '"Key" : "foo"\n"CreateRevision" : @+1\n',
      )
      expect(await both.out('get foo --keys-only')).toBe('foo\n\n')
    })

    test('get: range, prefix, limit, from a key on, order', async () => {
      await fourKeys()
      expect(await both.out('get foo foo3')).toBe('foo\nbar\nfoo1\nbar1\nfoo2\nbar2\n')
      expect(await both.out('get --prefix foo')).toBe(
        'foo\nbar\nfoo1\nbar1\nfoo2\nbar2\nfoo3\nbar3\n',
      )
      expect(await both.out('get --prefix --limit=1 foo')).toBe('foo\nbar\n')
      expect(await both.out('get --prefix --limit=2 foo')).toBe('foo\nbar\nfoo1\nbar1\n')
      expect(await both.out('get --from-key foo2')).toBe('foo2\nbar2\nfoo3\nbar3\n')
      expect(await both.out('get foo --prefix --order=DESCEND --sort-by=KEY --limit=1')).toBe(
        'foo3\nbar3\n',
      )
      expect(await both.out('get --prefix foo --limit=1 -w json')).toContain(
        '"more":true,"count":4',
      )
      expect(await both.out('get foo --consistency=s')).toMatch(/^foo\n|^$/)
    })

    test('get at an older revision', async () => {
      for (const put of ['foo bar', 'foo1 bar1', 'foo bar_new', 'foo1 bar1_new'])
        await both.out(`put ${put}`)
      expect(await both.out('get foo --prefix')).toBe('foo\nbar_new\nfoo1\nbar1_new\n')
      expect(await both.out('get foo --prefix --rev=@+4')).toBe('foo\nbar_new\nfoo1\nbar1_new\n')
      expect(await both.out('get foo --prefix --rev=@+3')).toBe('foo\nbar_new\nfoo1\nbar1\n')
      expect(await both.out('get foo --prefix --rev=@+2')).toBe('foo\nbar\nfoo1\nbar1\n')
      expect(await both.out('get foo --prefix --rev=@+1')).toBe('foo\nbar\n')
      expect(await both.end('get foo --rev=@+9')).toEqual({
        stdout: '',
        stderr: 'Error: etcdserver: mvcc: required revision is a future revision\n',
        code: 1,
      })
    })

    test('del: a key, a range, a prefix, from a key on, with what was there', async () => {
      await fourKeys()
      expect(await both.out('del foo')).toBe('1\n')
      expect(await both.out('del foo')).toBe('0\n')
      expect(await both.out('del foo foo3')).toBe('2\n')
      await fourKeys()
      expect(await both.out('del --prefix foo')).toBe('4\n')
      for (const put of ['a 123', 'b 456', 'z 789', 'zoo val']) await both.out(`put ${put}`)
      expect(await both.out('del --prev-kv zoo')).toBe('1\nzoo\nval\n')
      expect(await both.out('del --from-key b')).toBe('2\n')
      expect(await both.out(['get', '', '--prefix'])).toBe('a\n123\n')
    })

    test('compact: older revisions are gone', async () => {
      for (const value of ['1', '2', '3']) await both.out(`put foo ${value}`)
      expect(await both.out('compact @+2')).toBe('compacted revision @+2\n')
      expect(await both.out('get --rev=@+2 foo')).toBe('foo\n2\n')
      const gone = 'Error: etcdserver: mvcc: required revision has been compacted\n'
      expect(await both.end('get --rev=@+1 foo')).toEqual({ stdout: '', stderr: gone, code: 1 })
      expect(await both.end('compaction @+2')).toEqual({ stdout: '', stderr: gone, code: 1 })
      expect(await both.out('compaction --physical @+3')).toBe('compacted revision @+3\n')
    })

    test('txn -i', async () => {
      await both.out('put user1 bad')
      const stdin = [
        ...['value("user1") = "bad"', ''],
        ...['del user1', ''],
        ...['put user1 good', '', ''],
      ].join('\n')
      const asked =
        'compares:\nsuccess requests (get, put, del):\nfailure requests (get, put, del):\n'
      expect(await both.out('txn -i', { stdin })).toBe(`${asked}SUCCESS\n\n1\n`)
      expect(await both.out('txn --interactive', { stdin })).toBe(`${asked}FAILURE\n\nOK\n`)
      expect(await both.out('get user1')).toBe('user1\ngood\n')
    })

    test('txn: every target, and answers of every kind', async () => {
      await both.out('put foo bar')
      const stdin = [
        ...['version("foo") = "1"', 'create("foo") > "0"', 'mod("foo") < "1000000"'],
        ...['value("foo") != "x"', ''],
        ...['put foo new --prev-kv', 'get foo', 'get foo --prefix', 'del zoo', ''],
        ...['put foo lost', '', ''],
      ].join('\n')
      expect(await both.out('txn', { stdin })).toBe(
        'SUCCESS\n\nOK\nfoo\nbar\n\nfoo\nnew\n\nfoo\nnew\n\n0\n',
      )
      const twice = '\nput a 1\nput a 2\n\n\n'
      expect((await both.end('txn', { stdin: twice })).stderr).toBe(
        'Error: etcdserver: duplicate key given in txn request\n',
      )
    })
  })

  describe('watches', () => {
    const change = async (...commands: string[]) => {
      for (const command of commands) await both.out(command)
    }

    test('one key, again and again', async () => {
      const seen = await both.follow('watch foo', 'foo', 8, () =>
        change('put foo bar1', 'put foo bar2', 'put other x', 'del foo'),
      )
      expect(seen).toBe('PUT\nfoo\nbar1\nPUT\nfoo\nbar2\nDELETE\nfoo\n\n')
    })

    test('a range, and a prefix', async () => {
      const act = () => change('put foo1 a', 'put foo9 b', 'put foo5 c')
      expect(await both.follow('watch foo foo9', 'foo', 6, act)).toBe(
        'PUT\nfoo1\na\nPUT\nfoo5\nc\n',
      )
      expect(await both.follow('watch --prefix foo', 'foo', 9, act)).toBe(
        'PUT\nfoo1\na\nPUT\nfoo9\nb\nPUT\nfoo5\nc\n',
      )
    })

    test('with the value before', async () => {
      const seen = await both.follow('watch --prev-kv foo', 'foo', 10, () =>
        change('put foo new', 'del foo'),
      )
      expect(seen).toBe('PUT\nfoo\nfrom-here-on\nfoo\nnew\nDELETE\nfoo\nnew\nfoo\n\n')
    })

    test('from an older revision on', async () => {
      await change('put foo bar', 'put foo1 bar1', 'put foo bar_new')
      const seen = await both.until('watch --rev=@+1 foo', 6)
      expect(seen).toBe('PUT\nfoo\nbar\nPUT\nfoo\nbar_new\n')
    })

    test('progress, interactively', async () => {
      for (const side of both.all) {
        const watch = both.start(side, ['watch', '-i'])
        watch.write('watch foo\n')
        await waitFor('the watch to tell its progress', () => {
          watch.write('progress\n')
          return /^progress notify: \d+\n/.test(watch.stdout)
        })
        watch.signal('SIGINT')
        await watch.ended
      }
    })

    test('several keys, interactively', async () => {
      const seen = await both.follow(
        'watch -i',
        'foo',
        6,
        () => change('put zoo val', 'put foo bar'),
        ['watch foo', 'watch zoo'],
      )
      expect(seen).toBe('PUT\nzoo\nval\nPUT\nfoo\nbar\n')
    })

    test('a command for each change', async () => {
      const command = [
        'watch',
        'foo',
        '--',
        'sh',
        '-c',
        'echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_VALUE',
      ]
      const seen = await both.follow(command, 'foo', 4, () => change('put foo bar'))
      expect(seen).toContain('PUT\nfoo\nbar\n')
      expect(seen).toContain('"PUT" "bar"\n')
    })

    test('a compacted revision ends the watch', async () => {
      await change('put foo 1', 'put foo 2', 'compact @+2')
      expect(await both.end('watch --rev=@+1 foo')).toEqual({
        stdout: '',
        stderr:
          'watch was canceled (etcdserver: mvcc: required revision has been compacted)\n' +
          'Error: watch is canceled by the server\n',
        code: 5,
      })
    })

    test('what nobody can watch', async () => {
      expect(await both.end('watch foo bar')).toEqual({
        stdout: '',
        stderr:
          'watch was canceled (mvcc: watcher range is empty)\nError: watch is canceled by the server\n',
        code: 5,
      })
    })
  })

  describe('leases', () => {
    const GRANT = 'lease grant 60'
    const ID = /lease ([0-9a-f]{16}) granted/
    const GRANTED = 'lease <id> granted with TTL(60s)\n'

    test('a key lives with its lease', async () => {
      const texts = await both.withId(GRANT, ID, [
        ...['put --lease=$ foo bar', 'put hello world --lease=$', 'get foo'],
        ...['lease timetolive $', 'lease timetolive --keys $'],
        ...['lease revoke $', 'get foo', 'lease timetolive $', 'lease revoke $'],
      ])
      expect(texts).toEqual([
        ...[GRANTED, 'OK\n', 'OK\n', 'foo\nbar\n'],
        'lease <id> granted with TTL(60s), remaining(<n>s)\n',
        'lease <id> granted with TTL(60s), remaining(<n>s), attached keys([foo hello])\n',
        ...['lease <id> revoked\n', '', 'lease <id> already expired\n'],
        'Error: failed to revoke lease (etcdserver: requested lease not found)\n1',
      ])
    })

    test('keep-alive --once, list, and their json', async () => {
      const texts = await both.withId(GRANT, ID, [
        ...['lease keep-alive --once $', 'lease keep-alive --once $ -w json'],
        ...['lease list', 'lease timetolive $ -w json', 'lease revoke $'],
      ])
      expect(texts[1]).toBe('lease <id> keepalived with TTL(60)\n')
      expect(texts[2]).toMatch(/"ID":<id>,"TTL":60}\n$/)
      expect(texts[3]).toBe('found 1 leases\n<id>\n')
      expect(texts[4]).toMatch(/"id":<id>,"ttl":(<n>|\d+),"granted-ttl":60,"keys":null}\n$/)
    })

    test('keep-alive goes on until the lease is gone', async () => {
      for (const side of both.all) {
        const flag = endpointsFlag(side.urls)
        const { stdout } = await run(etcdctl, [flag, 'lease', 'grant', '3'])
        const id = ID.exec(stdout)![1]!
        const alive = both.start(side, ['lease', 'keep-alive', id])
        const line = `lease ${id} keepalived with TTL(3)\n`
        expect(await alive.lines(2)).toBe(line + line)
        await run(etcdctl, [flag, 'lease', 'revoke', id])
        const ended = await alive.ended
        expect(ended.stdout).toMatch(/expired or revoked\.\n$/)
        expect(ended.code).toBe(0)
      }
    })

    test('a lease that nobody knows', async () => {
      expect(await both.end('put foo bar --lease=1234')).toEqual({
        stdout: '',
        stderr: 'Error: etcdserver: requested lease not found\n',
        code: 1,
      })
      expect(await both.out('lease keep-alive 1234')).toBe('lease <id> expired or revoked.\n')
      expect(await both.out('lease timetolive 1234')).toBe('lease <id> already expired\n')
    })
  })

  describe('locks and elections', () => {
    test('lock runs a command and frees the lock', async () => {
      expect(await both.out('lock a echo hi')).toBe('hi\n')
      const env = ['lock', 'a', '--', 'sh', '-c', 'env | grep ETCD_LOCK | sort; exit 7']
      expect(await both.end(env)).toEqual({
        stdout: expect.stringMatching(/^ETCD_LOCK_KEY=a\/<id>\nETCD_LOCK_REV=@\+\d\n$/),
        stderr: 'Error: exit status 7\n',
        code: 1,
      })
      expect(await both.out('get --prefix a/')).toBe('')
    })

    test('a second one waits until the first is interrupted', async () => {
      for (const side of both.all) {
        const first = both.start(side, ['lock', 'a'])
        const key = (await first.lines(1)).split('\n')[0]!
        expect(key).toMatch(/^a\/[0-9a-f]+$/)
        const second = both.start(side, ['lock', 'a', 'echo', 'mine'])
        const flag = endpointsFlag(side.urls)
        await waitFor('the second to queue', async () => {
          const { stdout } = await run(etcdctl, [flag, 'get', '--prefix', 'a/', '--keys-only'])
          return stdout.match(/^a\//gm)?.length === 2
        })
        expect(second.stdout).toBe('')
        first.signal('SIGINT')
        expect((await second.ended).stdout).toBe('mine\n')
        await first.ended
      }
    })

    test('elect: the first leads, listeners hear of it, the second follows', async () => {
      for (const side of both.all) {
        const first = both.start(side, ['elect', 'e', 'p1'])
        const listener = both.start(side, ['elect', '-l', 'e'])
        expect(await first.lines(2)).toMatch(/^e\/[0-9a-f]+\np1\n$/)
        expect(await listener.lines(2)).toBe(first.stdout)
        const second = both.start(side, ['elect', 'e', 'p2'])
        const flag = endpointsFlag(side.urls)
        await waitFor('the second to queue', async () => {
          const { stdout } = await run(etcdctl, [flag, 'get', '--prefix', 'e/', '--keys-only'])
          return stdout.match(/^e\//gm)?.length === 2
        })
        first.signal('SIGINT')
        expect(await second.lines(2)).toMatch(/^e\/[0-9a-f]+\np2\n$/)
        expect(await listener.lines(4)).toBe(first.stdout + second.stdout)
        for (const one of [second, listener]) one.signal('SIGINT')
        await Promise.all([first, second, listener].map((one) => one.ended))
      }
    })
  })
})
