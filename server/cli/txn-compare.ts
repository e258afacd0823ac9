/** A comparison of `conclave txn`: `target("key") operator "value"`. */

import type { Init } from '../../client/wire/codec.js'
import { type Compare, CompareResult, CompareTarget } from '../../client/wire/generated/rpc.js'
import { CliError, ExitCode } from './cli-error.js'
import { GoSyntaxError, parseCount, parseInt64, quote, unquote } from './go-values.js'

const RESULTS: ReadonlyMap<string, CompareResult> = new Map([
  ['=', CompareResult.EQUAL],
  ['!=', CompareResult.NOT_EQUAL],
  ['<', CompareResult.LESS],
  ['>', CompareResult.GREATER],
])

/** A value, put where its target wants it. */
type Target = (value: Uint8Array) => Init<Compare>

const number = (value: Uint8Array) => parseCount(Buffer.from(value).toString())
const version: Target = (value) => ({ target: CompareTarget.VERSION, version: number(value) })
const create: Target = (value) => ({ target: CompareTarget.CREATE, createRevision: number(value) })
const mod: Target = (value) => ({ target: CompareTarget.MOD, modRevision: number(value) })
const value: Target = (bytes) => ({ target: CompareTarget.VALUE, value: bytes })
const lease: Target = (bytes) => ({
  target: CompareTarget.LEASE,
  lease: parseInt64(Buffer.from(bytes).toString(), 16),
})

const TARGETS: ReadonlyMap<string, Target> = new Map(
  Object.entries({
    ver: version,
    version,
    c: create,
    create,
    m: mod,
    mod,
    val: value,
    value,
    lease,
  }),
)

const LITERAL = String.raw`("(?:[^"\\]|\\.)*"|\x60[^\x60]*\x60)`
const COMPARISON = new RegExp(String.raw`^(\w*)\(${LITERAL}\)\s+(\S+)\s+${LITERAL}\s*$`)

/** Reads a comparison. @throws {CliError} it is malformed. */
export function parseCompare(line: string): Init<Compare> {
  const [, target = '', key, operator = '', literal] = COMPARISON.exec(line) ?? []
  const keyBytes = unquote(key ?? '')
  const valueBytes = unquote(literal ?? '')
  if (keyBytes === undefined || valueBytes === undefined)
    throw malformed(line, `write it as mod(${quote('key')}) > ${quote('0')}`)
  const make = TARGETS.get(target)
  if (make === undefined) throw malformed(line, `unknown target ${target}`)
  const result = RESULTS.get(operator)
  if (result === undefined) throw malformed(line, `unknown operator ${operator}`)
  try {
    return { ...make(valueBytes), key: keyBytes, result }
  } catch (error) {
    if (!(error instanceof GoSyntaxError)) throw error
    throw invalid(`invalid txn compare request: ${line}`)
  }
}

function malformed(line: string, why: string): CliError {
  return invalid(`malformed comparison: ${line} (${why})`)
}

function invalid(message: string): CliError {
  return new CliError(ExitCode.INVALID_INPUT, message)
}
