/**
 * The `conclave` command beside etcdctl: the same command lines on two servers of ours
 * must print the same bytes and end with the same exit code.
 *
 * What differs by nature (ids, ports, times, Raft's numbers) is replaced before. Where we
 * leave etcdctl on purpose, the test says so.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { COMMAND, ProcessCluster, waitFor } from '../process/process-cluster.js'
import { type Ended, normalised, run, type Tool } from './command-run.js'
import { findTool } from './find-tool.js'
import { endpointsFlag, type Side, Sides } from './tool-sides.js'

const conclave: Tool = { program: process.execPath, first: [COMMAND] }
const program = findTool('etcdctl', 'ETCDCTL_BIN')
const etcdctl: Tool = { program: program ?? '', first: [] }
const describeBeside = program === undefined ? describe.skip : describe

// Some tests run dozens of processes.
jest.setTimeout(120_000)

let ours: Side
let beside: Sides
const clusters: ProcessCluster[] = []

beforeAll(async () => {
  const sides: Side[] = []
  for (const tool of program === undefined ? [conclave] : [conclave, etcdctl]) {
    const cluster = await ProcessCluster.start(1)
    clusters.push(cluster)
    sides.push({ tool, urls: cluster.endpoints })
    await waitFor('the member to tell its name', async () => {
      const list = await run(tool, [endpointsFlag(cluster.endpoints), 'member', 'list'])
      return list.stdout.includes(' started,')
    })
  }
  ours = sides[0]!
  beside = new Sides(sides)
}, 120_000)
afterAll(async () => {
  await Promise.all(clusters.map((cluster) => cluster.stop()))
}, 60_000)
beforeEach(() => beside.fresh(), 60_000)

/** Runs `conclave` alone. */
function ourRun(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return run(conclave, [endpointsFlag(ours.urls), ...args], env === undefined ? {} : { env })
}

describeBeside('the same as etcdctl', () => {
  /** Runs all commands on both; a pair is a command and its standard input. */
  async function same(...commands: (string | readonly string[] | { in: string; args: string })[]) {
    for (const command of commands) {
      if (typeof command === 'object' && 'in' in command)
        await beside.end(command.args, { stdin: command.in })
      else await beside.end(command)
    }
  }

  test('put', () =>
    same(
      ...['put foo bar', 'put foo bar2 --prev-kv', 'put foo bar3 --prev-kv -w fields'],
      ...['put foo bar4 --prev-kv -w json', 'put new 1 --prev-kv', 'put k -- -v', 'put -- k -w'],
      ...['put k --ignore-value', 'put k v --ignore-lease', 'put none --ignore-value'],
      ...['put k v --lease=1', 'put k v --lease=1 --ignore-lease', 'put k v x', ['put', '', 'x']],
      { in: 'from stdin\n', args: 'put foo' },
      { in: '', args: 'put foo' },
      'get --prefix k',
    ))

  test('get in every form', async () => {
    for (const key of ['a', 'b', 'foo', 'foo1', 'foo2', 'foo3'])
      await beside.end(`put ${key} v-${key}`)
    await same(
      ...['get foo', 'get foo --hex', 'get foo -w json', 'get foo -w=json', 'get foo -w fields'],
      ...[
        '--write-out=json get foo',
        'get -wjson foo',
        'get foo --hex=true',
        'get foo --hex=false',
      ],
      ...['get foo --hex -w fields', 'get none', 'get none -w json', 'get none -w fields'],
      ...['get foo foo3', 'get foo --prefix', 'get --prefix --limit=2 foo', 'get --from-key foo2'],
      ...[
        'get --prefix foo --limit 1 -w json',
        'get foo --keys-only',
        'get foo --print-value-only',
      ],
      ...['get foo --prefix --order=DESCEND', 'get foo --prefix --order=descend --sort-by=modify'],
      ...[
        'get foo --prefix --sort-by=VALUE --order=ASCEND',
        'get foo --rev=@+3',
        'get foo --rev=@+99',
      ],
      ...[
        'get foo --rev=-1',
        'get foo --limit=-1',
        'get foo --consistency=s',
        'get a b c',
        'ge foo',
      ],
      ...[
        ['get', ''],
        ['get', '', '--prefix', '--limit=2'],
        ['get', '', '--from-key'],
      ],
    )
  })

  test('bytes that are no text', async () => {
    const value = Buffer.from([0, 1, 0xff, 0x7f, 0x0a, 0x22, 0x5c, 0xc3, 0xa9, 0xe2, 0x82])
    for (const args of ['put bin', 'put bin --prev-kv', 'put bin --prev-kv --hex'])
      await beside.end(args, { stdin: value })
    await same(
      ...['get bin', 'get bin --hex', 'get bin -w json', 'get bin -w fields'],
      ['put', '<&>é "quoted"\t日本', 'a b'],
      ...['get < --prefix', 'get < --prefix -w json', 'get < --prefix -w fields'],
    )
  })

  test('del', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) await beside.end(`put ${key} v`)
    await same(
      ...[
        'del a',
        'del a',
        'del b --prev-kv',
        'del c --prev-kv -w fields',
        'del d --prev-kv -w json',
      ],
      ...['del none -w json', 'del none -w fields', 'del e g', 'del --from-key h', ['del', '']],
      ['del', '', '--prefix', '--prev-kv'],
    )
  })

  test('compaction', async () => {
    for (const value of ['1', '2', '3', '4']) await beside.end(`put foo ${value}`)
    await same(
      ...['compaction @+2', 'compact @+2', 'compaction @+99', 'get foo --rev=@+1'],
      ...['compaction --physical @+3', 'compaction -w json @+4'],
    )
  })

  test('txn', async () => {
    const all =
      'put b "x y"\nput c 1 --prev-kv\nget b\nget --prefix c\ndel a --prev-kv\nget zz\ndel q'
    const input = `mod("a") > "0"\nvalue("a") = "0"\n\n${all}\n\nput lost 1\n\n`
    for (const args of [
      'txn',
      'txn -w json',
      'txn -w fields',
      'txn --hex',
      'txn -i',
      'txn --interactive',
    ])
      await same('put a 0', { in: input, args }, 'put a 1', { in: input, args })
    const targets = ['ver("a") = "1"', 'c("a") != "0"', 'create("a") < "999999"', 'm("a") > "1"']
    await same(
      { in: '\n\n\n', args: 'txn' },
      { in: '\n\n\n', args: 'txn -w json' },
      { in: `${targets.join('\n')}\n\nget a\n\n\n`, args: 'txn' },
      { in: '\nput x "a \\"b\\" \\x01\\n"\nget x\n\n\n', args: 'txn -w fields' },
      { in: '\r\nget a\r\n\r\n\r\n', args: 'txn' },
      { in: '\nput x 1\nput x 2\n\n\n', args: 'txn' },
      { in: '\nput z 1 --lease=1\n\n\n', args: 'txn' },
      { in: '\nput x\n\n\n', args: 'txn' },
      { in: '\nget a b --prefix\n\n\n', args: 'txn' },
      { in: '\nwatch a\n\n\n', args: 'txn' },
      { in: 'mod("a") > "x"\n\n\n\n', args: 'txn' },
      { in: '', args: 'txn' },
      'txn stray',
    )
  })

  test('leases', async () => {
    const ID = /lease ([0-9a-f]{16}) granted/
    await beside.withId('lease grant 60', ID, [
      ...['put foo bar --lease=$', 'put hello world --lease $', 'get foo -w fields'],
      ...['lease timetolive $', 'lease timetolive $ --keys', 'lease timetolive $ --keys -w fields'],
      ...['lease timetolive $ --keys -w json', 'lease timetolive $ -w json'],
      ...['lease list', 'lease list -w json', 'lease list -w fields', 'lease keep-alive --once $'],
      ...['lease keep-alive --once $ -w json', 'lease keep-alive --once $ -w fields'],
      ...[
        'lease revoke $',
        'get foo',
        'lease revoke $',
        'lease timetolive $',
        'lease timetolive $ -w json',
      ],
    ])
    await beside.withId('lease grant 60', ID, ['lease revoke $ -w json'])
    await beside.withId('lease grant 60', ID, ['lease revoke $ -w fields'])
    await same(
      ...['lease grant 60 -w json', 'lease grant 60 -w fields', 'lease grant 99999999999'],
      ...[
        'lease timetolive 1234 -w fields',
        'lease keep-alive 1234',
        'lease keep-alive --once 1234',
      ],
    )
  })

  test('members and endpoints', async () => {
    await same(
      ...['member list', 'member list -w table', 'member list -w json', 'member list -w fields'],
      ...['member l', 'endpoint status', 'endpoint status -w table', 'endpoint status -w json'],
      ...[
        'endpoint status -w fields',
        'endp st',
        'endpoint status --cluster',
        'endpoint health -w json',
      ],
      ...['endpoint health -w table', 'endpoint health -w fields', 'alarm list', 'alarm disarm'],
      ...['alarm list -w json', 'endpoint hashkv -w json', 'endpoint hashkv -w fields'],
    )
    // etcdctl 3.4 writes it to stderr, later ones to stdout as we do.
    const [our, their] = await beside.ends('endpoint health --cluster')
    expect(our!.stdout + our!.stderr).toBe(their!.stdout + their!.stderr)
    await beside.end('put foo bar')
    for (const args of [
      'endpoint hashkv',
      'endpoint hashkv --rev=@+1',
      'endpoint hashkv -w table',
    ]) {
      const [ourHash, theirHash] = await beside.ends(args)
      const shape = (text: string) => normalised(text).replace(/\b\d{3,}\b/g, '<hash>')
      expect(shape(ourHash!.stdout)).toBe(shape(theirHash!.stdout))
    }
    await same('endpoint hashkv --rev=@+99')
  })

  describe('watch', () => {
    const act = async () => {
      for (const put of ['put foo w1', 'put foo w2', 'del foo', 'put foo3 w3'])
        await beside.end(put)
    }

    test.each([
      ['watch foo', 9],
      ['watch foo --prev-kv', 13],
      ['watch foo --hex', 9],
      ['watch foo foo9', 12],
      ['watch --prefix foo', 12],
      ['watch foo -w fields', 33],
    ])('%s', async (args, lines) => {
      await beside.follow(args, 'foo', lines, act)
    })

    test('from a revision on, as json', async () => {
      await act()
      const texts = []
      for (const side of beside.all) {
        const base = beside.baseOf(side)
        const args = ['watch', 'foo', '--prefix', `--rev=${base + 1}`, '-w', 'json']
        const watch = beside.start(side, args)
        const seen = await watch.lines(1)
        watch.signal('SIGKILL')
        await watch.ended
        texts.push(
          normalised(seen).replace(/(revision":)(\d+)/g, (_, name, n) => `${name}@${n - base}`),
        )
      }
      expect(texts[0]).toBe(texts[1])
    })

    test('interactively', async () => {
      const stdin = ['watch foo', 'watch "foo 2" --prev-kv']
      await beside.follow(
        'watch -i',
        'foo',
        6,
        async () => {
          await beside.end(['put', 'foo 2', 'a'])
          await beside.end('put foo b')
        },
        stdin,
      )
      for (const input of ['', 'watch\n', '\n', 'bogus\n', 'bogus x\n'])
        await beside.end('watch -i', { stdin: input })
    })

    test('a command for each change', async () => {
      const show = 'echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE'
      const args = ['watch', 'foo', '--', 'sh', '-c', show]
      await beside.follow(args, 'foo', 5, () => beside.end('put foo bar'))
    })

    test('the key in the environment', async () => {
      const env = { ETCDCTL_WATCH_KEY: 'foo' }
      await beside.end('put foo bar')
      for (const side of beside.all) {
        const watch = beside.start(side, ['watch', `--rev=${beside.baseOf(side) + 1}`], env)
        expect(await watch.lines(3)).toBe('PUT\nfoo\nbar\n')
        watch.signal('SIGKILL')
        await watch.ended
      }
      await beside.end('watch bar', { env })
    })

    test('what cannot be watched', async () => {
      for (const put of ['put foo 1', 'put foo 2', 'compact @+2']) await beside.end(put)
      for (const args of ['watch foo --rev=@+1', 'watch foo bar', 'watch', 'watch a b --prefix'])
        await beside.end(args)
    })
  })

  test('changes of the members', async () => {
    const urls = '--peer-urls=http://127.0.0.1:9'
    await same(
      ...['member add', 'member add m9', 'member add m9 --peer-urls=', `member add m9 m8 ${urls}`],
      ...['member add m9 http://127.0.0.1:9', 'member add m9 --peer-urls=junk'],
      ...['member add m9 --peer-urls=http://127.0.0.1', 'member add m9 --peer-urls=http://h:1/x'],
      ...['member update', 'member update 12ab', `member update zz ${urls}`],
      ...['member remove', 'member remove zz', 'member remove 12ab', 'member remove a b'],
      ...['member promote', 'member promote zz', 'member promote 12ab', 'member promote -w json'],
      ...[`member update 12ab ${urls}`, `member update ffffffffffffffffff ${urls}`],
    )
    const told: string[][] = []
    for (const side of beside.all) {
      const ends = async (...args: string[]) => {
        const { stdout, stderr, code } = await run(side.tool, [endpointsFlag(side.urls), ...args])
        return { text: normalised(stdout + stderr).replace(/ {2,}/g, ' ') + code, stdout }
      }
      const added = await ends('member', 'add', 'm9', '--learner', urls)
      // etcdctl 3.4 does not say that it is a learner; its successors do.
      const texts = [added.text.replace('added as learner to', 'added to')]
      const id = /Member +([0-9a-f]+) added/.exec(added.stdout)![1]!
      for (const command of [
        ...[`update ${id} ${urls}9`, `update ${id} ${urls}9 -w json`, 'list', `promote ${id}`],
        ...[`update ${id} ${urls}9 -w fields`, `add m8 --learner ${urls}9`],
        ...[`remove ${id} -w json`, `remove ${id}`],
      ])
        texts.push((await ends('member', ...command.split(' '))).text)
      told.push(texts)
    }
    // Members come in the order of their ids, which are random.
    const words = (texts: readonly string[]) =>
      texts.map((text) => text.split(/[,\n{}[\]"]+/).sort())
    expect(words(told[0]!)).toEqual(words(told[1]!))
    expect(told[0]![0]).toMatch(/^Member <id> added to cluster <id>\n\nETCD_NAME="m9"\n/)
  })

  test('move-leader', async () => {
    await same('move-leader', 'move-leader zz', 'move-leader a b', 'move-leader 12ab')
    const texts = []
    for (const side of beside.all) {
      const list = await run(side.tool, [endpointsFlag(side.urls), 'member', 'list'])
      const id = /^[0-9a-f]+/.exec(list.stdout)![0]
      for (const format of ['simple', 'json', 'table']) {
        const args = [endpointsFlag(side.urls), 'move-leader', id, '-w', format]
        const { stdout, stderr, code } = await run(side.tool, args)
        texts.push(normalised(stdout + stderr) + code)
      }
    }
    expect(texts.slice(0, 3)).toEqual(texts.slice(3))
    expect(texts[0]).toBe('Leadership transferred from <id> to <id>\n0')
  })

  test('locks of both queue for the same, and free it when interrupted', async () => {
    const [mine, theirs] = beside.all
    // On one server: each waits for the other.
    for (const [first, second] of [
      [mine!.tool, theirs!.tool],
      [theirs!.tool, mine!.tool],
    ]) {
      const holder = beside.start({ tool: first!, urls: mine!.urls }, ['lock', 'a'])
      expect(await holder.lines(2)).toMatch(/^a\/[0-9a-f]+\n\n$/)
      const waiter = beside.start({ tool: second!, urls: mine!.urls }, [
        'lock',
        'a',
        'echo',
        'mine',
      ])
      await waitFor('the second to queue', async () => {
        const { stdout } = await ourRun(['get', '--prefix', 'a/', '--keys-only'])
        return stdout.match(/^a\//gm)?.length === 2
      })
      expect(waiter.stdout).toBe('')
      holder.signal('SIGINT')
      expect(await holder.ended).toMatchObject({ stderr: '', code: 0 })
      expect(await waiter.ended).toMatchObject({ stdout: 'mine\n', stderr: '', code: 0 })
    }
    expect((await ourRun(['get', '--prefix', 'a/'])).stdout).toBe('')
  })

  test('lock with a command', async () => {
    await same('lock a echo hi', 'lock a no-such-command', 'get --prefix a/')
    const script = 'env | grep ETCD_LOCK | sort; exit 7'
    const [our, their] = await beside.ends(['lock', 'a', '--', 'sh', '-c', script])
    // etcdctl 3.4 ends with 1; the exit code of the command says more.
    expect(our).toEqual({ ...their, code: 7 })
  })

  test('elections of both are the same election', async () => {
    const [mine, theirs] = beside.all
    const start = (tool: Tool, ...words: string[]) =>
      beside.start({ tool, urls: mine!.urls }, ['elect', ...words])
    const first = start(mine!.tool, 'e', 'p1')
    expect(await first.lines(2)).toMatch(/^e\/[0-9a-f]+\np1\n$/)
    const listeners = [start(mine!.tool, '-l', 'e'), start(theirs!.tool, '-l', 'e')]
    for (const listener of listeners) expect(await listener.lines(2)).toBe(first.stdout)
    const second = start(theirs!.tool, 'e', 'p2')
    await waitFor('the second to queue', async () => {
      const { stdout } = await ourRun(['get', '--prefix', 'e/', '--keys-only'])
      return stdout.match(/^e\//gm)?.length === 2
    })
    first.signal('SIGINT')
    expect(await first.ended).toMatchObject({ stderr: '', code: 0 })
    expect(await second.lines(2)).toMatch(/^e\/[0-9a-f]+\np2\n$/)
    for (const listener of listeners) {
      expect(await listener.lines(4)).toBe(first.stdout + second.stdout)
      listener.signal('SIGINT')
      expect(await listener.ended).toMatchObject({ stderr: '', code: 0 })
    }
    second.signal('SIGINT')
    await second.ended
  })

  test.each([
    ...['get', 'get a b --prefix', 'get a --prefix --from-key', 'get foo --order=x'],
    ...['get foo --sort-by=x', 'get foo --consistency=x', 'get foo --rev=x', 'get foo --bogus'],
    ...[
      'get foo --print-value-only -w json',
      'get foo -w table',
      'get foo -w xml',
      'get foo --hex=x',
    ],
    ...['--dial-timeout=x get foo', '--command-timeout=1 get foo'],
    ...['put', 'put k -v', 'put k v --lease=zz', 'put k v --lease=0x1', 'put k v --ignore-value'],
    ...['put --lease', 'put k v -w', 'put k v -w table', 'del', 'del a b c', 'del a b --prefix'],
    ...['del a --prefix --from-key', 'compaction', 'compaction x', 'lease grant', 'lease grant x'],
    ...[
      'lease grant 5 6',
      'lease revoke',
      'lease revoke zz',
      'lease timetolive',
      'lease keep-alive',
    ],
    ...['lease timetolive zz', 'lease timetolive ffffffffffffffff', 'lease keep-alive zz'],
    ...['alarm list x', 'alarm list -w table', 'lock', 'lock a --ttl=x', 'elect', 'elect a'],
    ...['elect a b c', 'elect -l', 'elect -l a b', 'watch a --rev=x'],
    ...['member list -w xml', 'endpoint health -w xml'],
  ])('refused alike: %s', async (args) => {
    const [our, their] = await beside.ends(args)
    const errorLine = (ended: Ended | undefined) => /^Error: .*$/m.exec(ended!.stderr)?.[0]
    expect(errorLine(our)).toBe(errorLine(their))
    expect(our!.code).toBe(their!.code)
    expect(our!.stdout).toBe('')
    expect(our!.stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('of our own', () => {
  test('nobody answers', async () => {
    const nobody = ['--endpoints=127.0.0.1:1', '--dial-timeout=200ms', '--command-timeout=500ms']
    for (const args of [
      ['get', 'foo'],
      ['put', 'foo', 'bar'],
      ['member', 'list'],
    ]) {
      const { stderr, code } = await run(conclave, [...nobody, ...args])
      expect(stderr).toMatch(/^Error: context deadline exceeded.*ECONNREFUSED.*\n$/)
      expect(code).toBe(1)
    }
    const { stdout, stderr, code } = await run(conclave, [...nobody, 'endpoint', 'health'])
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^127.0.0.1:1 is unhealthy: .*\nError: unhealthy cluster\n$/)
    expect(code).toBe(1)
  })

  test('no endpoints', async () => {
    const none = await run(conclave, ['--endpoints=', 'get', 'foo'])
    const stderr = 'Error: etcdclient: no available endpoints\n'
    expect(none).toEqual({ stdout: '', stderr, code: 2 })
    if (program !== undefined)
      expect(await run(etcdctl, ['--endpoints=', 'get', 'foo'])).toEqual(none)
  })

  test('a format that cannot show it is refused before anything is done', async () => {
    const refused = { stdout: '', stderr: 'Error: table not supported as output format\n', code: 4 }
    expect(await ourRun(['put', 'foo', 'never', '-w', 'table'])).toEqual(refused)
    expect((await ourRun(['get', 'foo'])).stdout).toBe('')
    expect(await ourRun(['watch', 'foo', '-w', 'table'])).toEqual(refused)
  })

  test('member list of one member alone', async () => {
    const { stdout } = await ourRun(['member', 'list', '--consistency=s'])
    expect(stdout).toBe((await ourRun(['member', 'list'])).stdout)
    expect((await ourRun(['member', 'list', '--consistency=x'])).code).toBe(4)
  })

  test('a lock that is lost ends the command', async () => {
    const lock = beside.start(ours, [
      'lock',
      'a',
      '--',
      'sh',
      '-c',
      'echo $ETCD_LOCK_KEY; exec sleep 100',
    ])
    const key = (await lock.lines(1)).trim()
    await ourRun(['lease', 'revoke', key.slice(2)])
    expect(await lock.ended).toMatchObject({ stderr: 'Error: session expired\n', code: 1 })
  })

  test('SIGTERM ends the command of a lock, and frees the lock', async () => {
    const script = 'echo started; exec sleep 100'
    const lock = beside.start(ours, ['lock', 'a', '--', 'sh', '-c', script])
    await lock.lines(1)
    lock.signal('SIGTERM')
    expect(await lock.ended).toMatchObject({ stderr: 'Error: signal: terminated\n', code: 1 })
    expect((await ourRun(['get', '--prefix', 'a/'])).stdout).toBe('')
  })

  test('get --count-only, and revisions as bounds', async () => {
    for (const value of ['1', '2', '3']) await ourRun(['put', `k${value}`, value])
    expect((await ourRun(['get', '--prefix', 'k', '--count-only'])).stdout).toBe('')
    const count = await ourRun(['get', '--prefix', 'k', '--count-only', '-w', 'fields'])
    expect(count.stdout).toContain('"Count" : 3\n')
    const { stdout } = await ourRun(['get', 'k2', '-w', 'json'])
    const revision = JSON.parse(stdout.replace(/"(cluster|member)_id":\d+,/g, '')).kvs[0]
      .mod_revision
    const later = await ourRun(['get', '--prefix', 'k', `--min-mod-rev=${revision}`, '--keys-only'])
    expect(later.stdout).toBe('k2\n\nk3\n\n')
  })

  test('options from the environment; flags win', async () => {
    await ourRun(['put', 'foo', 'bar'])
    expect((await ourRun(['get', 'foo'], { ETCDCTL_HEX: 'true' })).stdout).toMatch(/^\\x66/)
    const pings = ['--keepalive-time=5s', '--keepalive-timeout=1s']
    expect((await ourRun([...pings, 'get', 'foo'])).stdout).toBe('foo\nbar\n')
    expect((await ourRun(['get', 'foo'], { ETCDCTL_HEX: 'false' })).stdout).toBe('foo\nbar\n')
    const json = { ETCDCTL_WRITE_OUT: 'json' }
    expect((await ourRun(['get', 'foo'], json)).stdout).toMatch(/^{"header"/)
    expect((await ourRun(['get', 'foo', '-w', 'simple'], json)).stdout).toBe('foo\nbar\n')
  })

  test('help names every command, and groups of commands print theirs', async () => {
    const { stdout, code } = await run(conclave, ['--help'])
    expect(code).toBe(0)
    for (const name of ['put', 'get', 'del', 'txn', 'watch', 'lease', 'lock', 'elect', 'member'])
      expect(stdout).toMatch(new RegExp(`^  ${name} .*  [A-Z]`, 'm'))
    expect((await run(conclave, [])).stdout).toBe(stdout)
    expect((await run(conclave, ['lease'])).stdout).toMatch(/grant <seconds> .*keep-alive/s)
    expect((await run(conclave, ['get', '--help'])).stdout).toMatch(/get \[options\] <key>/)
  })

  test('a command that does not exist, or may be two', async () => {
    const unknown = await run(conclave, ['bogus'])
    expect(unknown).toMatchObject({ stdout: '', code: 1 })
    expect(unknown.stderr).toMatch(/^Error: unknown command "bogus" for "conclave"\n/)
    const { stderr } = await run(conclave, ['e', 'status'])
    expect(stderr).toMatch(/did you mean one of these: elect, endpoint\?/)
  })
})
