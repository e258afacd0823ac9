/** Leader selectors: who runs the work, what becomes of it when leadership, work or selector end. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { LeaderSelector, type LeaderSelectorOptions, type LeaderTerm, LostError } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

/** A process with a selector, and what it told. */
const one = (owner: string, options: LeaderSelectorOptions = {}) => {
  const worker = world.worker(owner)
  const selector = new LeaderSelector(worker.client, 's', { owner, ttlSeconds: 5, ...options })
  const told: string[] = []
  const terms: LeaderTerm[] = []
  selector.on('elected', (term) => {
    told.push('elected')
    terms.push(term)
  })
  selector.on('lost', ({ reason }) => told.push(`lost: ${reason}`))
  selector.on('error', (error) => told.push(`error: ${(error as Error).message}`))
  return { worker, selector, told, terms }
}
/** Work that goes on until its signal fires. */
const obedient = (term: LeaderTerm) =>
  new Promise<void>((resolve) => {
    if (term.signal.aborted) resolve()
    else term.signal.addEventListener('abort', () => resolve(), { once: true })
  })
const never = () => new Promise<void>(() => {})
const until = (what: string, condition: () => boolean) => world.until(what, condition)
const rest = (worker: Worker, ms: number) =>
  new Promise<void>((resolve) => worker.clock.after(ms, resolve))

describe('a leader selector', () => {
  test('runs the work in one process, and in the next when that is closed', async () => {
    const [a, b] = [one('a', { value: 'at a' }), one('b')]
    a.selector.start(obedient)
    await until('a leads', () => a.selector.leads)
    b.selector.start(obedient)
    await world.run(500)
    expect(b.told).toEqual([])
    expect((await world.settle(b.selector.leader()))!.text()).toBe('at a')
    const all = await world.settle(b.selector.participants())
    expect(all.map((each) => each.text())).toEqual(['at a', 'b'])
    await world.settle(a.selector.close())
    await until('b leads', () => b.selector.leads)
    expect(a.selector.leads).toBe(false)
    expect(a.told).toEqual(['elected'])
    expect(b.terms[0]!.fencingToken).toBeGreaterThan(a.terms[0]!.fencingToken)
    await world.settle(b.selector.close())
    expect(await world.keys()).toEqual([])
  })

  test('stands again after its work has ended, behind those who wait', async () => {
    const ran: string[] = []
    const [a, b] = [one('a'), one('b')]
    const turn = (name: string, worker: Worker) => async () => {
      ran.push(name)
      await rest(worker, 200)
    }
    a.selector.start(turn('a', a.worker))
    b.selector.start(turn('b', b.worker))
    await until('some terms', () => ran.length >= 6)
    expect(new Set(ran.slice(0, 2))).toEqual(new Set(['a', 'b']))
    const tokens = [...a.terms, ...b.terms].map(({ fencingToken }) => fencingToken)
    expect(new Set(tokens).size).toBe(tokens.length)
    await world.settle(Promise.all([a.selector.close(), b.selector.close()]))
  })

  test('cut off, ends its work before another begins, and stands again with a new session', async () => {
    const [a, b] = [one('a'), one('b')]
    a.selector.start(obedient)
    await until('a leads', () => a.selector.leads)
    b.selector.start(obedient)
    await world.run(500)
    let endedAtMs = 0
    a.terms[0]!.signal.addEventListener('abort', () => {
      endedAtMs = world.now
    })
    let beganAtMs = 0
    b.selector.on('elected', () => {
      beganAtMs = world.now
    })
    world.cut(a.worker)
    await until('b leads', () => b.selector.leads)
    expect(endedAtMs).toBeGreaterThan(0)
    expect(endedAtMs).toBeLessThan(beganAtMs)
    expect(a.terms[0]!.signal.reason).toBeInstanceOf(LostError)
    expect(a.terms[0]!.leads).toBe(false)
    world.heal()
    await world.run(2_000)
    await world.settle(b.selector.close())
    await until('a leads again', () => a.selector.leads)
    expect(a.told).toEqual(['elected', 'lost: expired', 'elected'])
    await world.settle(a.selector.close())
  })

  test('is no candidate any more when its lease ended while it waited', async () => {
    const [a, b] = [one('a'), one('b')]
    a.selector.start(obedient)
    await until('a leads', () => a.selector.leads)
    b.selector.start(obedient)
    await world.run(500)
    world.cut(b.worker)
    await world.run(8_000)
    expect(await world.settle(a.selector.participants())).toHaveLength(1)
    world.heal()
    await world.run(8_000)
    expect(await world.settle(a.selector.participants())).toHaveLength(2)
    await world.settle(a.selector.close())
    await until('b leads', () => b.selector.leads)
    await world.settle(b.selector.close())
  })

  test('stands again when an operator deletes its key', async () => {
    const a = one('a')
    a.selector.start(obedient)
    await until('a leads', () => a.selector.leads)
    await world.run(1_500)
    await world.settle(a.worker.client.kv.delete(a.terms[0]!.key))
    await until('a leads again', () => a.terms.length === 2)
    expect(a.told).toEqual(['elected', 'lost: deleted', 'elected'])
    await world.settle(a.selector.close())
  })

  test('proclaims and guards by its term', async () => {
    const a = one('a')
    a.selector.start(obedient)
    await until('a leads', () => a.selector.leads)
    const [term] = a.terms
    await world.settle(term!.proclaim('news'))
    expect((await world.settle(a.selector.leader()))!.text()).toBe('news')
    const guarded = async () =>
      (
        await world.settle(
          a.worker.client
            .txn()
            .if(...term!.guard())
            .commit(),
        )
      ).succeeded
    expect(await guarded()).toBe(true)
    await world.settle(a.selector.close())
    expect(await guarded()).toBe(false)
    expect(await world.failure(term!.proclaim('late'))).toBeInstanceOf(LostError)
  })
})

describe('work that fails', () => {
  test('at once, each time: rests longer and longer, and lets others lead', async () => {
    const [a, b] = [one('a'), one('b')]
    const atMs: number[] = []
    a.selector.start(() => {
      atMs.push(world.now)
      throw new Error('no')
    })
    await world.run(30_000)
    // 100, 200, 400, … 10,000 ms, each at least half of it.
    expect(atMs.length).toBeGreaterThan(4)
    expect(atMs.length).toBeLessThan(12)
    expect(a.told.slice(0, 2)).toEqual(['elected', 'error: no'])
    b.selector.start(obedient)
    await until('b leads', () => b.selector.leads)
    await world.settle(Promise.all([a.selector.close(), b.selector.close()]))
  })

  test('without a listener for errors: nothing ends', async () => {
    const worker = world.worker('a')
    const selector = new LeaderSelector(worker.client, 's')
    let terms = 0
    selector.start(() => {
      terms++
      throw new Error('no')
    })
    await until('three terms', () => terms === 3)
    await world.settle(selector.close())
  })

  test('because its signal fired: is no failure', async () => {
    const a = one('a')
    a.selector.start(async (term) => {
      await obedient(term)
      throw term.signal.reason
    })
    await until('a leads', () => a.selector.leads)
    await world.settle(a.selector.close())
    expect(a.told).toEqual(['elected'])
  })

  test('otherwise while it stops: is told', async () => {
    const a = one('a')
    a.selector.start(async (term) => {
      await obedient(term)
      throw new Error('cannot clean up')
    })
    await until('a leads', () => a.selector.leads)
    await world.settle(a.selector.close())
    expect(a.told).toEqual(['elected', 'error: cannot clean up'])
  })
})

describe('work that ignores its signal', () => {
  test('close waits for it so long, gives the leadership up, and says so', async () => {
    const [a, b] = [one('a', { stopTimeoutMs: 300 }), one('b')]
    a.selector.start(never)
    await until('a leads', () => a.selector.leads)
    b.selector.start(obedient)
    const beganAtMs = world.now
    const error = await world.failure(a.selector.close())
    expect(error).toMatchObject({ code: 'deadline-exceeded' })
    expect(world.now - beganAtMs).toBeLessThan(1_000)
    expect(a.terms[0]!.leads).toBe(false)
    await until('b leads', () => b.selector.leads)
    expect(a.told.at(-1)).toMatch(/^error: The work of the leader goes on 300 ms/)
    await world.settle(b.selector.close())
  })

  test('after a loss: it is told, and nothing runs beside it', async () => {
    const a = one('a', { stopTimeoutMs: 300 })
    let inside = 0
    let end = () => {}
    a.selector.start(async () => {
      expect(++inside).toBe(1)
      await new Promise<void>((resolve) => {
        end = resolve
      })
      inside--
    })
    await until('a leads', () => a.selector.leads)
    world.cut(a.worker)
    await world.run(10_000)
    world.heal()
    await world.run(10_000)
    expect(a.told.slice(0, 2)).toEqual(['elected', 'lost: expired'])
    expect(a.told[2]).toMatch(/^error: The work of the leader goes on/)
    expect(a.told).toHaveLength(3)
    expect(await world.keys()).toEqual([])
    end()
    await until('a leads again', () => a.selector.leads)
    end()
    const closing = a.selector.close()
    await world.settle(closing)
  })

  test('and awaits the end of its own selector: waits for itself, so long', async () => {
    const a = one('a', { stopTimeoutMs: 300 })
    let inner: unknown
    a.selector.start(async () => {
      inner = await a.selector.close().catch((error) => error)
    })
    await until('it is over', () => inner !== undefined)
    expect(inner).toMatchObject({ code: 'deadline-exceeded' })
  })
})

describe('run', () => {
  test('ends when its signal fires, and may be called again', async () => {
    const a = one('a')
    for (let i = 0; i < 2; i++) {
      const controller = new AbortController()
      const running = a.selector.run(obedient, { signal: controller.signal })
      await until('a leads', () => a.selector.leads)
      controller.abort()
      await world.settle(running)
      expect(await world.keys()).toEqual([])
    }
  })

  test('ends a wait, too, and leaves no key', async () => {
    const [a, b] = [one('a'), one('b')]
    a.selector.start(obedient)
    await until('a leads', () => a.selector.leads)
    const controller = new AbortController()
    const running = b.selector.run(obedient, { signal: controller.signal })
    await world.run(500)
    controller.abort()
    await world.settle(running)
    expect(b.told).toEqual([])
    expect(await world.keys()).toHaveLength(1)
    await world.settle(a.selector.close())
  })

  test('is not elected after it was closed while its turn came', async () => {
    const [a, b] = [one('a'), one('b')]
    a.selector.start(obedient)
    await until('a leads', () => a.selector.leads)
    b.selector.start(obedient)
    await world.run(500)
    const decided = b.worker.doom('Txn', 'held')
    const closing = a.selector.close()
    const letGo = await decided
    const closed = b.selector.close()
    void letGo()
    await world.settle(Promise.all([closing, closed]))
    expect(b.told).toEqual([])
    expect(await world.keys()).toEqual([])
  })

  test('once, without standing again: ends as the work does', async () => {
    const a = one('a', { autoRequeue: false })
    await world.settle(a.selector.run(() => 'done'))
    const failing = a.selector.run(() => {
      throw new Error('no')
    })
    expect((await world.failure(failing)).message).toBe('no')
    const losing = a.selector.run(obedient)
    await until('a leads', () => a.selector.leads)
    await world.run(1_500)
    await world.settle(a.worker.client.kv.delete(a.terms.at(-1)!.key))
    expect(await world.failure(losing)).toMatchObject({ code: 'lost', reason: 'deleted' })
    expect(a.told.at(-1)).toBe('lost: deleted')
    const stopping = a.selector.run(obedient)
    await world.settle(a.selector.close())
    await world.settle(stopping)
  })

  test('fails when the client is closed under it', async () => {
    const a = one('a')
    const running = a.selector.run(obedient)
    await until('a leads', () => a.selector.leads)
    a.worker.client.close()
    expect(await world.failure(running)).toMatchObject({ code: 'closed' })
    expect(a.told).toEqual(['elected', 'lost: client-closed'])
  })

  test('is refused while it runs, and after it was closed', async () => {
    const a = one('a')
    a.selector.start(obedient)
    expect(() => a.selector.start(obedient)).toThrow(
      expect.objectContaining({ code: 'failed-precondition' }),
    )
    expect(await world.failure(a.selector.run(obedient))).toMatchObject({
      code: 'failed-precondition',
    })
    await world.settle(a.selector.close())
    await world.settle(a.selector.close())
    expect(() => a.selector.start(obedient)).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  test.each([
    ['', {}],
    ['a/', {}],
    ['a', { ttlSeconds: 5, marginMs: 4_000 }],
    ['a', { owner: '' }],
    ['a', { stopTimeoutMs: 0 }],
    ['a', { stopTimeoutMs: Number.POSITIVE_INFINITY }],
    ['a', { backoffMinMs: -1 }],
    ['a', { backoffMinMs: 100, backoffMaxMs: 50 }],
  ])('refuses the name %j with %j', (name, options) => {
    const { client } = world.worker('a')
    expect(() => new LeaderSelector(client, name, options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
