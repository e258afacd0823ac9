/**
 * The branches of one compiled script: where each begins, and where in the source it is.
 *
 * A branch is an arm of an `if` (a missing `else` included) or of `? :`, the right side of
 * `&&`, `||` or `??`, a `case`, or a `catch`. Unlike the blocks that V8 reports, their
 * number does not depend on what ran. An `if` arm that does nothing but throw a plain
 * `Error` is an assertion: such errors mean a bug of ours, and no run should take it.
 */

import { SourceMap } from 'node:module'
import { parseSync } from '@swc/core'

/** One branch. Offsets count UTF-16 units of the compiled script. */
export interface Branch {
  readonly kind: 'if' | 'else' | '?' | ':' | '&&' | '||' | '??' | 'case' | 'catch'
  /** It was taken as often as the code here ran… */
  readonly offset: number
  /** …or, for a missing `else`, as often as the code here ran and the one at `offset` did not. */
  readonly insteadOf?: number
  readonly isAssertion: boolean
  /** Line in the TypeScript source, from 1. */
  readonly line: number
}

/** A node of the syntax tree; spans count bytes of UTF-8 from 1. */
type Node = { readonly type: string; readonly span: Span } & Readonly<Record<string, unknown>>
interface Span {
  readonly start: number
  readonly end: number
}

/** Bytes, not units yet. */
interface Found extends Omit<Branch, 'line'> {
  /** Where the reader is sent, if not to where it begins. */
  readonly place?: number
}

/** Finds the branches of a script. @param map its source map, as JSON. */
export function branchesOf(script: string, map: string): Branch[] {
  const sourceMap = new SourceMap(JSON.parse(map))
  const lineStarts = startsOfLines(script)
  const unitOf = unitsOfBytes(script)
  const found: Found[] = []
  const tree = parseSync(script, { syntax: 'ecmascript', target: 'es2022' })
  walk(tree, (node) => {
    for (const branch of branchesAt(node)) found.push(branch)
  })
  return found.flatMap(({ kind, isAssertion, offset, insteadOf, place }) => {
    const shown = unitOf(place ?? insteadOf ?? offset)
    const row = rowOf(lineStarts, shown)
    const entry = sourceMap.findEntry(row, shown - lineStarts[row]!)
    // Code that the compiler added has no place in the source.
    if (!('originalLine' in entry)) return []
    const branch = { kind, isAssertion, offset: unitOf(offset), line: entry.originalLine + 1 }
    return [insteadOf === undefined ? branch : { ...branch, insteadOf: unitOf(insteadOf) }]
  })
}

function branchesAt(node: Node): Found[] {
  switch (node.type) {
    case 'IfStatement': {
      const [then, other] = [node['consequent'] as Node, node['alternate'] as Node | null]
      const isAssertion = throwsPlainError(then)
      const taken: Found = { kind: 'if', offset: then.span.start, isAssertion }
      if (other === null)
        return [
          taken,
          { kind: 'else', offset: then.span.start, insteadOf: node.span.start, isAssertion: false },
        ]
      return [
        taken,
        { kind: 'else', offset: other.span.start, isAssertion: throwsPlainError(other) },
      ]
    }
    case 'ConditionalExpression':
      return [
        branch('?', (node['consequent'] as Node).span.start),
        branch(':', (node['alternate'] as Node).span.start),
      ]
    case 'BinaryExpression': {
      const operator = node['operator']
      if (operator !== '&&' && operator !== '||' && operator !== '??') return []
      return [branch(operator, (node['right'] as Node).span.start)]
    }
    case 'SwitchCase':
      return [{ ...branch('case', startOfCase(node)), place: node.span.start }]
    case 'CatchClause':
      return [branch('catch', (node['body'] as Node).span.start)]
    default:
      return []
  }
}

/** Where a case's count holds: its first statement, or its colon when it has none. */
function startOfCase(node: Node): number {
  const [first] = node['consequent'] as Node[]
  return first?.span.start ?? node.span.end - 1
}

function branch(kind: Branch['kind'], offset: number): Found {
  return { kind, offset, isAssertion: false }
}

/** Whether this is `throw new Error(…)`, alone or in braces. */
function throwsPlainError(node: Node): boolean {
  if (node.type === 'BlockStatement') {
    const statements = node['stmts'] as Node[]
    return statements.length === 1 && throwsPlainError(statements[0]!)
  }
  if (node.type !== 'ThrowStatement') return false
  const thrown = node['argument'] as Node
  return thrown.type === 'NewExpression' && (thrown['callee'] as Node)['value'] === 'Error'
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const one of value) walk(one, visit)
  } else if (typeof value === 'object' && value !== null) {
    if ('type' in value && 'span' in value) visit(value as Node)
    for (const one of Object.values(value)) walk(one, visit)
  }
}

/** From a byte of UTF-8, counted from 1, to a UTF-16 unit, counted from 0. */
function unitsOfBytes(text: string): (byte: number) => number {
  const bytes = Buffer.byteLength(text)
  if (bytes === text.length) return (byte) => byte - 1
  const units = new Uint32Array(bytes + 1)
  let byte = 0
  let unit = 0
  for (const character of text) {
    const length = Buffer.byteLength(character)
    units.fill(unit, byte, byte + length)
    byte += length
    unit += character.length
  }
  units[bytes] = unit
  return (from1) => units[from1 - 1]!
}

function startsOfLines(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The line, from 0, in which this unit is. */
function rowOf(starts: readonly number[], unit: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (starts[middle]! <= unit) low = middle
    else high = middle
  }
  return low
}
