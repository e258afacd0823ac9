/**
 * The package as its users get it: packed by npm, unpacked where a program finds it.
 *
 * What is packed is `dist`, as it was built last; nothing is built here and nothing is
 * fetched. Packages that it needs are links to those of this repository.
 */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** The root of the repository; tests run there. */
export const ROOT = resolve('.')

/** Bytes that a program may print. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
/** Nothing here takes so long. */
const RUN_MS_MAX = 60_000

/** How a program ended. */
export interface Output {
  readonly stdout: string
  readonly stderr: string
  /** Exit code; null when it was killed. */
  readonly code: number | null
}

/** Runs Node in a directory, to its end. */
export async function runNode(args: readonly string[], cwd: string): Promise<Output> {
  const options = { cwd, timeout: RUN_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX }
  try {
    return { ...(await promisify(execFile)(process.execPath, args, options)), code: 0 }
  } catch (error) {
    const { stdout = '', stderr = String(error), code = null } = error as Partial<Output>
    return { stdout, stderr, code }
  }
}

/** The packed package and programs that use it, in a temporary directory. */
export class Packed {
  readonly directory: string
  readonly tarball: string

  /** Packs `dist`. @throws it was not built. */
  static async make(): Promise<Packed> {
    if (!existsSync(join(ROOT, 'dist/client/index.js')))
      throw new Error('dist is missing: run npm run build first')
    const directory = await mkdtemp(join(tmpdir(), 'conclave-pack-'))
    const flags = ['pack', '--ignore-scripts', '--offline', '--silent', '--pack-destination']
    await promisify(execFile)('npm', [...flags, directory], { cwd: ROOT, timeout: RUN_MS_MAX })
    const [tarball] = await readdir(directory)
    await promisify(execFile)('tar', ['xzf', tarball!], { cwd: directory })
    return new Packed(directory, join(directory, tarball!))
  }

  private constructor(directory: string, tarball: string) {
    this.directory = directory
    this.tarball = tarball
  }

  /** The unpacked package. */
  get package(): string {
    return join(this.directory, 'package')
  }

  /** Every file of the package, by its path in it. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.package, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.package.length + 1))
      .sort()
  }

  /**
   * A program's directory: `conclave` is installed in it, and these packages are, and no others.
   *
   * @param sources by file name.
   */
  async program(
    name: string,
    packages: readonly string[],
    sources: Readonly<Record<string, string>>,
  ): Promise<string> {
    const at = join(this.directory, name)
    const installed = join(at, 'node_modules')
    await cp(this.package, join(installed, 'conclave'), { recursive: true })
    for (const one of packages) {
      await mkdir(dirname(join(installed, one)), { recursive: true })
      await symlink(join(ROOT, 'node_modules', one), join(installed, one))
    }
    for (const [file, text] of Object.entries(sources)) await writeFile(join(at, file), text)
    return at
  }

  /** Removes everything. */
  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true })
  }
}
