/**
 * Plays the stories of this folder and compares what happens with what is written there.
 *
 * A story is text; lines that begin with `> ` are commands (language.ts), and the lines up to the
 * next empty one are what must happen. `RECORD_TRANSCRIPTS=1` writes the present outcome into the
 * files. That is allowed when a change of behaviour or of wording is intended, and only together
 * with a reading of every line that changed: the diff is the review. It is never a way to make a
 * red test green.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { Play } from './language.js'

const folder = new URL('.', import.meta.url)
const stories = readdirSync(folder).filter((name) => name.endsWith('.txt'))
const record = process.env['RECORD_TRANSCRIPTS'] === '1'

/** The story with the outcome of each command as it is now. */
function perform(text: string): string {
  const play = new Play()
  const out: string[] = []
  let inOutcome = false
  for (const line of text.split('\n')) {
    if (line.startsWith('> ')) {
      out.push(line, ...play.run(line.slice(2)))
      inOutcome = true
    } else {
      if (line === '') inOutcome = false
      if (!inOutcome) out.push(line)
    }
  }
  return out.join('\n')
}

test.each(stories)('%s', (name) => {
  const file = new URL(name, folder)
  const text = readFileSync(file, 'utf8')
  const performed = perform(text)
  if (record) writeFileSync(file, performed)
  else expect(performed).toBe(text)
})

test('there are stories', () => {
  expect(stories.length).toBeGreaterThan(11)
})
