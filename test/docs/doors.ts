/** The public doors of the package, and what stands in them: every export with its comment. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where each door is in the sources. */
export const DOORS: Readonly<Record<string, string>> = {
  conclave: 'client/index.ts',
  'conclave/recipes': 'recipes/index.ts',
  'conclave/server': 'server/index.ts',
  'conclave/testing': 'server/testing/index.ts',
  'conclave/grpc': 'recipes/host/grpc-resolver.ts',
  'conclave/undici': 'recipes/host/undici-dispatcher.ts',
  'conclave/node-cron': 'recipes/host/node-cron.ts',
  'conclave/opentelemetry': 'client/opentelemetry.ts',
}

/** Something that a door exports. */
export interface Export {
  readonly name: string
  /** Where it is declared. */
  readonly file: string
  readonly kind: 'class' | 'function' | 'const' | 'interface' | 'type'
  /** The doc comment right before it; empty when there is none. */
  readonly comment: string
  /** The declaration with its comment. */
  readonly text: string
}

const COMMENT = String.raw`(?:(/\*\*(?:(?!\*/)[\s\S])*\*/)\n)?`
const REEXPORT = /^export (?:type )?\{([^}]*)\} from '(\.[^']*)\.js'/gm

/** Everything that a source file exports to its importers, in the order of its text. */
export function exportsOf(root: string, file: string): Export[] {
  const text = readFileSync(join(root, file), 'utf8')
  const own = [
    ...text.matchAll(
      /^export (?:declare |abstract |async )*(?:class|function\*?|const|interface|type) (\w+)/gm,
    ),
  ]
    .filter(({ 0: head }) => !head.startsWith('export type {'))
    .map(({ 1: name }) => declarationOf(text, file, name!))
  const handedOn = [...text.matchAll(REEXPORT)].flatMap(({ 1: names, 2: from }) => {
    const source = `${join(dirname(file), from!)}.ts`
    const there = exportsOf(root, source)
    return namesIn(names!).map(({ inside, outside }) => {
      const found = there.find(({ name }) => name === inside)
      if (found === undefined) throw new Error(`${file} exports ${inside}, which ${source} lacks`)
      return { ...found, name: outside }
    })
  })
  return [...own, ...handedOn]
}

/** `A, type B as C` taken apart. */
function namesIn(list: string): { inside: string; outside: string }[] {
  return list
    .split(',')
    .map((one) => one.trim().replace(/^type /, ''))
    .filter((one) => one !== '')
    .map((one) => {
      const [inside, outside = inside] = one.split(/ as /)
      return { inside: inside!, outside: outside! }
    })
}

function declarationOf(text: string, file: string, name: string): Export {
  const head = new RegExp(
    `^${COMMENT}export (?:declare |abstract |async )*(class|function|const|interface|type)\\*? ${name}\\b`,
    'm',
  )
  const found = head.exec(text)
  if (found === null) throw new Error(`${file} does not declare ${name}`)
  const rest = text.slice(found.index)
  const end = /\n\}|\n\n(?=\S)/.exec(rest.slice(found[0].length))
  return {
    name,
    file,
    kind: found[2] as Export['kind'],
    comment: found[1] ?? '',
    text: end === null ? rest : rest.slice(0, found[0].length + end.index),
  }
}

/** The examples in the doc comments of a text, with the offset at which each begins. */
export function examplesIn(text: string): { readonly index: number; readonly code: string }[] {
  return [...text.matchAll(/^ *\* @example\n((?: *\*(?! @|\/).*\n)+)/gm)].map(
    ({ 0: all, 1: lines, index }) => ({
      index: index + all.indexOf('\n') + 1,
      code: lines!.replace(/^ *\* ?/gm, ''),
    }),
  )
}
