/** Typed listeners: order, changes while telling, and errors that stay outside. */

import { expect, test } from '@jest/globals'
import { ConclaveError } from './errors.js'
import { TypedEvents } from './typed-events.js'

interface Events {
  readonly number: number
  readonly text: string
}

test('listeners hear what they asked for, in the order in which they were added', () => {
  const events = new TypedEvents<Events>({ number: true, text: true })
  const heard: unknown[] = []
  events.on('number', (n) => heard.push(n + 1))
  events.on('number', (n) => heard.push(n + 2))
  events.on('text', (text) => heard.push(text))
  events.emit('number', 1)
  expect(heard).toEqual([2, 3])
  expect([events.has('number'), events.has('text')]).toEqual([true, true])
})

test('a listener that is taken out hears no more, however often it was added', () => {
  const events = new TypedEvents<Events>({ number: true, text: true })
  const heard: number[] = []
  const listener = (n: number) => void heard.push(n)
  events.off('number', listener)
  events.on('number', listener)
  events.on('number', listener)
  events.emit('number', 1)
  events.off('number', listener)
  events.emit('number', 2)
  expect(heard).toEqual([1, 1])
  expect(events.has('number')).toBe(false)
})

test('listeners that come and go while it tells count from the next event on', () => {
  const events = new TypedEvents<Events>({ number: true, text: true })
  const heard: string[] = []
  const once = () => {
    heard.push('once')
    events.off('number', once)
    events.on('number', () => heard.push('late'))
  }
  events.on('number', once)
  events.on('number', () => heard.push('always'))
  events.emit('number', 1)
  expect(heard).toEqual(['once', 'always'])
  events.emit('number', 2)
  expect(heard).toEqual(['once', 'always', 'always', 'late'])
})

test('what is no function is refused when it is added', () => {
  const events = new TypedEvents<Events>({ number: true, text: true })
  expect(() => events.on('number', 'x' as never)).toThrow(ConclaveError)
})
