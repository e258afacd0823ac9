// Writes client/wire/generated/*.ts from client/wire/proto/*.proto (`npm run proto`).
//
// protobufjs parses the files; we emit, for every message, a TypeScript interface
// and a codec of straight-line code over protobufjs's reader and writer. Its own
// static target knows neither bigint nor TypeScript, which is why this file exists.
//
// A message becomes `interface X` and `const X: Codec<X>`; a nested enum `Y.Z`
// becomes `Z`; a service becomes a table of methods in ../methods.ts by the same run.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

const here = dirname(fileURLToPath(import.meta.url))
const protoDirectory = join(here, 'proto')
const files = readdirSync(protoDirectory)
  .filter((name) => name.endsWith('.proto'))
  .sort()

const root = new protobuf.Root()
root.resolvePath = (_origin, target) => join(protoDirectory, target.split('/').pop())
root.loadSync(files, { keepCase: false, alternateCommentMode: true })
root.resolveAll()

/** Everything that a file defines, in its order. */
function definitions(parent, fileName, out = []) {
  for (const child of parent.nestedArray) {
    const own = child.filename?.endsWith(`/${fileName}`)
    if (
      own &&
      (child instanceof protobuf.Type ||
        child instanceof protobuf.Enum ||
        child instanceof protobuf.Service)
    )
      out.push(child)
    if (child.nestedArray) definitions(child, fileName, out)
  }
  return out
}

const fileOf = (type) => type.filename.split('/').pop().replace('.proto', '')
const fullName = (type) => type.fullName.replace(/^\./, '')
const WIRE = { int32: 0, uint32: 0, int64: 0, uint64: 0, bool: 0, string: 2, bytes: 2 }

function comment(text, indent = '') {
  if (!text) return []
  return text.includes('\n')
    ? [
        `${indent}/**`,
        ...text.split('\n').map((line) => `${indent} * ${line}`.trimEnd()),
        `${indent} */`,
      ]
    : [`${indent}/** ${text} */`]
}

const isNumber = (field) => field.options?.jstype === 'JS_NUMBER'

function scalarType(field) {
  if (field.resolvedType) return field.resolvedType.name
  if (field.type === 'int64' || field.type === 'uint64')
    return isNumber(field) ? 'number' : 'bigint'
  return {
    bool: 'boolean',
    string: 'string',
    bytes: 'Uint8Array',
    int32: 'number',
    uint32: 'number',
  }[field.type]
}

function read(field) {
  if (field.resolvedType instanceof protobuf.Enum)
    return `reader.int32() as ${field.resolvedType.name}`
  if (field.resolvedType) {
    // A message that comes twice is one message in two parts.
    const into = field.repeated ? '' : `, message.${field.name}`
    return `${field.resolvedType.name}.decode(reader, reader.size(), depth + 1${into})`
  }
  if (field.type === 'int64') return isNumber(field) ? 'readInt53(reader)' : 'readInt64(reader)'
  if (field.type === 'uint64') return isNumber(field) ? 'readUint53(reader)' : 'readUint64(reader)'
  if (field.type === 'string') return 'readString(reader)'
  return `reader.${field.type}()`
}

function write(field, value, tag) {
  if (field.resolvedType instanceof protobuf.Enum) return `w.uint32(${tag}).int32(${value})`
  if (field.resolvedType)
    return `${field.resolvedType.name}.encode(${value}, w.uint32(${tag}).fork()).ldelim()`
  if (field.type === 'int64' || field.type === 'uint64')
    return `${isNumber(field) ? 'writeNumber' : 'writeBigint'}(w.uint32(${tag}), ${value})`
  return `w.uint32(${tag}).${field.type}(${value})`
}

const wireType = (field) =>
  field.resolvedType instanceof protobuf.Enum ? 0 : field.resolvedType ? 2 : WIRE[field.type]
const isOptional = (field) =>
  !field.repeated &&
  (field.partOf || (field.resolvedType && !(field.resolvedType instanceof protobuf.Enum)))
const isPacked = (field) => field.repeated && wireType(field) === 0

function zero(field) {
  if (field.repeated) return '[]'
  if (isOptional(field)) return 'undefined'
  if (field.resolvedType instanceof protobuf.Enum) return '0'
  return { string: "''", bytes: 'NO_BYTES', boolean: 'false', number: '0', bigint: '0n' }[
    field.type === 'bytes' ? 'bytes' : scalarType(field)
  ]
}

function emitEnum(type) {
  const values = Object.entries(type.values)
  return [
    ...comment(type.comment ?? `Enum \`${fullName(type)}\`.`),
    `export const ${type.name} = {`,
    ...values.flatMap(([name, value]) => [
      ...comment(type.comments?.[name], '  '),
      `  ${name}: ${value},`,
    ]),
    '} as const',
    `/** A value of {@link ${type.name}}; a peer may send numbers that are not in it. */`,
    `export type ${type.name} = (typeof ${type.name})[keyof typeof ${type.name}]`,
    '',
  ]
}

function emitMessage(type) {
  const fields = type.fieldsArray.slice().sort((a, b) => a.id - b.id)
  const name = type.name
  const nested = fields.some(
    (field) => field.resolvedType && !(field.resolvedType instanceof protobuf.Enum),
  )
  const out = [
    ...comment(type.comment ?? `Message \`${fullName(type)}\`.`),
    `export interface ${name} {`,
  ]
  for (const field of fields) {
    const type_ = scalarType(field)
    out.push(...comment(field.comment, '  '))
    out.push(
      `  ${field.name}: ${field.repeated ? `${type_}[]` : isOptional(field) ? `${type_} | undefined` : type_}`,
    )
  }
  out.push(
    '}',
    `/** Codec of \`${fullName(type)}\`. */`,
    `export const ${name}: Codec<${name}> = {`,
  )
  out.push(`  name: '${fullName(type)}',`)

  const unused = fields.length === 0 ? '_' : ''
  out.push(`  create(${unused}init: Init<${name}> = {}): ${name} {`, '    return {')
  for (const field of fields) {
    const type_ =
      field.resolvedType && !(field.resolvedType instanceof protobuf.Enum)
        ? field.resolvedType.name
        : null
    const value = `init.${field.name}`
    if (field.repeated)
      out.push(
        `      ${field.name}: ${type_ ? `${value}?.map((item) => ${type_}.create(item)) ?? []` : `${value} ? [...${value}] : []`},`,
      )
    else if (type_) out.push(`      ${field.name}: ${value} && ${type_}.create(${value}),`)
    else if (isOptional(field)) out.push(`      ${field.name}: ${value},`)
    else out.push(`      ${field.name}: ${value} ?? ${zero(field)},`)
  }
  out.push('    }', '  },')

  out.push(`  encode(${unused}message: Init<${name}>, w: Writer = Writer.create()): Writer {`)
  for (const field of fields) {
    const value = `message.${field.name}`
    const tag = ((field.id << 3) | wireType(field)) >>> 0
    if (isPacked(field)) {
      out.push(
        `    if (${value}?.length) {`,
        `      w.uint32(${((field.id << 3) | 2) >>> 0}).fork()`,
      )
      const bare = write(field, 'item', 0).replace('w.uint32(0)', 'w')
      out.push(`      for (const item of ${value}) ${bare}`, '      w.ldelim()', '    }')
    } else if (field.repeated)
      out.push(`    if (${value}) for (const item of ${value}) ${write(field, 'item', tag)}`)
    else if (isOptional(field))
      out.push(`    if (${value} !== undefined) ${write(field, value, tag)}`)
    else if (field.type === 'bytes')
      out.push(`    if (${value}?.length) ${write(field, value, tag)}`)
    else out.push(`    if (${value}) ${write(field, value, tag)}`)
  }
  out.push('    return w', '  },')

  out.push(
    `  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: ${name}): ${name} {`,
    `    const reader = openReader(source, depth, '${fullName(type)}')`,
    '    try {',
    '      const end = length === undefined ? reader.len : reader.pos + length',
    "      if (end > reader.len) throw new InvalidMessage('the message is cut off')",
    `      const message: ${name} = into ?? {`,
    ...fields.map((field) => `        ${field.name}: ${zero(field)},`),
    '      }',
    '      while (reader.pos < end) {',
    '        const tag = reader.tag()',
    '        switch (tag) {',
  )
  for (const field of fields) {
    const tag = ((field.id << 3) | wireType(field)) >>> 0
    const siblings = field.partOf ? field.partOf.fieldsArray.filter((other) => other !== field) : []
    out.push(`          case ${tag}:`)
    if (field.repeated) out.push(`            message.${field.name}.push(${read(field)})`)
    else {
      for (const other of siblings) out.push(`            message.${other.name} = undefined`)
      out.push(`            message.${field.name} = ${read(field)}`)
    }
    out.push('            break')
    if (isPacked(field)) {
      out.push(`          case ${((field.id << 3) | 2) >>> 0}: {`)
      out.push('            const until = reader.size() + reader.pos')
      out.push(`            while (reader.pos < until) message.${field.name}.push(${read(field)})`)
      out.push(
        `            if (reader.pos !== until) throw new InvalidMessage('a list is cut off')`,
      )
      out.push('            break', '          }')
    }
  }
  out.push(
    '          default:',
    `            if (tag < 8) throw new InvalidMessage('field number 0')`,
    '            reader.skipType(tag & 7, 0, tag >>> 3)',
    '        }',
    '      }',
    "      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')",
    '      return message',
    '    } catch (error) {',
    `      throw invalid('${fullName(type)}', error)`,
    '    }',
    '  },',
    '}',
    '',
  )
  return { lines: out, nested }
}

const services = []
for (const file of files) {
  const own = definitions(root, file)
  const base = file.replace('.proto', '')
  const head = readFileSync(join(protoDirectory, file), 'utf8').match(/^(\/\/[^\n]*\n)+/)?.[0] ?? ''
  const about = head
    .split('\n')
    .filter(Boolean)
    .map((line) => ` * ${line.replace(/^\/\/ ?/, '')}`.trimEnd())
  const body = []
  const foreign = new Map()
  for (const item of own) {
    if (item instanceof protobuf.Service) {
      services.push({ file: base, service: item })
      continue
    }
    if (item instanceof protobuf.Enum) body.push(...emitEnum(item))
    else {
      body.push(...emitMessage(item).lines)
      for (const field of item.fieldsArray) {
        const target = field.resolvedType
        if (target && fileOf(target) !== base)
          foreign.set(fileOf(target), (foreign.get(fileOf(target)) ?? new Set()).add(target.name))
      }
    }
  }
  const text = body.join('\n')
  const used = [
    'InvalidMessage',
    'NO_BYTES',
    'Writer',
    'invalid',
    'openReader',
    'readInt53',
    'readInt64',
    'readString',
    'readUint53',
    'readUint64',
    'writeBigint',
    'writeNumber',
  ].filter((name) => new RegExp(`\\b${name}\\b`).test(text))
  const imports = [
    `import { type Codec, type Init, type Reader, ${used.join(', ')} } from '../codec.js'`,
    ...[...foreign]
      .sort()
      .map(([from, names]) => `import { ${[...names].sort().join(', ')} } from './${from}.js'`),
  ]
  const banner = [
    '/**',
    ...about,
    ' *',
    ` * Generated from proto/${file} by \`npm run proto\`; do not edit.`,
    ' */',
    '',
  ]
  writeFileSync(join(here, 'generated', `${base}.ts`), [...banner, ...imports, '', text].join('\n'))
}

const kinds = {
  'false,false': 'unary',
  'false,true': 'serverStream',
  'true,false': 'clientStream',
  'true,true': 'bidi',
}
const table = [
  '/**',
  ' * The one table of methods: path, kind and codecs of every RPC that is spoken here.',
  ' *',
  ' * Transports, listeners and the permission guard all read it; a method that is not',
  ' * in it does not exist. Generated from proto/*.proto by `npm run proto`; do not edit.',
  ' */',
  '',
  "import type { Method } from './method.js'",
]
const needed = new Map()
for (const { service } of services)
  for (const method of service.methodsArray) {
    method.resolve()
    for (const type of [method.resolvedRequestType, method.resolvedResponseType])
      needed.set(fileOf(type), (needed.get(fileOf(type)) ?? new Set()).add(type.name))
  }
for (const [from, names] of [...needed].sort())
  table.push(`import { ${[...names].sort().join(', ')} } from './generated/${from}.js'`)
table.push('')
for (const { service } of services) {
  table.push(
    ...comment(service.comment ?? `Service \`${fullName(service)}\`.`),
    `export const ${service.name} = {`,
  )
  for (const method of service.methodsArray) {
    const kind = kinds[`${Boolean(method.requestStream)},${Boolean(method.responseStream)}`]
    const [request, response] = [method.resolvedRequestType.name, method.resolvedResponseType.name]
    const key = method.name[0].toLowerCase() + method.name.slice(1)
    table.push(
      ...comment(method.comment, '  '),
      `  ${key}: {`,
      `    path: '/${fullName(service)}/${method.name}',`,
      `    kind: '${kind}',`,
      `    request: ${request},`,
      `    response: ${response},`,
      `  } satisfies Method<${request}, ${response}, '${kind}'>,`,
    )
  }
  table.push('} as const', '')
}
writeFileSync(join(here, 'methods.ts'), table.join('\n'))
