/** What a client command has to work with: its flags, a client, a printer, and the terminal. */

import type { Client } from '../../client/index.js'
import { CliError, ExitCode } from './cli-error.js'
import { clientFor, type GlobalOptions } from './global-options.js'
import type { ClusterPrinter, Line, Printer } from './output.js'
import { fieldsPrinter } from './output-fields.js'
import { jsonPrinter } from './output-json.js'
import {
  jsonMembershipPrinter,
  type MembershipPrinter,
  simpleMembershipPrinter,
} from './output-membership.js'
import { simplePrinter } from './output-simple.js'
import { tablePrinter } from './output-table.js'

/** The standard streams, so that tests can be the terminal. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly env: NodeJS.ProcessEnv
}

/** One run of one command. */
export class CliContext {
  readonly options: GlobalOptions
  readonly terminal: Terminal
  /** The words after `--`; undefined when the command line has none. */
  readonly afterDashes: readonly string[] | undefined
  #client: Client | undefined

  constructor(
    options: GlobalOptions,
    terminal: Terminal,
    afterDashes: readonly string[] | undefined,
  ) {
    this.options = options
    this.terminal = terminal
    this.afterDashes = afterDashes
  }

  /** The client for the endpoints of the command line, made on first use. */
  get client(): Client {
    this.#client ??= clientFor(this.options)
    return this.#client
  }

  /** Ask for it before the request is sent. @throws {CliError} the format cannot show this. */
  get printer(): Printer {
    if (this.options.writeOut === 'table')
      throw new CliError(ExitCode.BAD_FEATURE, 'table not supported as output format')
    return this.#printer()
  }

  /** As {@link printer}, for lists of members and endpoints. */
  get clusterPrinter(): ClusterPrinter {
    return this.options.writeOut === 'table' ? tablePrinter : this.#printer()
  }

  /** As {@link printer}, for changes of the membership. */
  get membershipPrinter(): MembershipPrinter {
    const { writeOut } = this.options
    if (writeOut === 'simple') return simpleMembershipPrinter
    if (writeOut === 'json') return jsonMembershipPrinter
    if (writeOut === 'table' || writeOut === 'fields')
      throw new CliError(ExitCode.BAD_FEATURE, `${writeOut} not supported as output format`)
    throw new CliError(ExitCode.BAD_FEATURE, 'unsupported output format')
  }

  /** Writes lines to standard output. */
  print(lines: readonly Line[]): void {
    this.#write(this.terminal.stdout, lines)
  }

  /** Writes lines to standard error. */
  printError(lines: readonly Line[]): void {
    this.#write(this.terminal.stderr, lines)
  }

  /** All of standard input. */
  async input(): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of this.terminal.stdin) parts.push(Buffer.from(part))
    return Buffer.concat(parts)
  }

  /** Ends the client. */
  close(): void {
    this.#client?.close()
  }

  #printer(): Printer {
    const { writeOut, hex = false } = this.options
    if (writeOut === 'simple') return simplePrinter(hex)
    if (writeOut === 'fields') return fieldsPrinter
    if (writeOut === 'json') return jsonPrinter
    throw new CliError(ExitCode.BAD_FEATURE, 'unsupported output format')
  }

  #write(stream: NodeJS.WritableStream, lines: readonly Line[]): void {
    if (lines.length === 0) return
    stream.write(
      Buffer.concat(
        lines.flatMap((line) => [
          typeof line === 'string' ? Buffer.from(line) : line,
          Buffer.from('\n'),
        ]),
      ),
    )
  }
}

/** What a command does; it resolves with an exit code, or nothing for success. */
export type Action<Options> = (
  context: CliContext,
  args: readonly string[],
  options: Options,
) => Promise<number | undefined>
