/** Splits a line into words as etcdctl does in `txn` and `watch -i`: quotes keep blanks. */

import { unquote } from './go-values.js'

const WORD = /"(?:[^"\\]|\\.)*"|'[^']*'|[^'"\s]\S*/g

/** The words of a line; `"…"` may hold Go's escapes, `'…'` holds no escapes. */
export function wordsOf(line: string): string[] {
  return (line.match(WORD) ?? []).map((word) => {
    if (word.startsWith("'")) return word.slice(1, -1)
    if (!word.startsWith('"')) return word
    const bytes = unquote(word)
    return bytes === undefined ? word : Buffer.from(bytes).toString()
  })
}
