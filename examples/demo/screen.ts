/** What the demo looks like: headings, marks and names, in colour on a terminal only. */

const colours = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined

function paint(code: number, text: string): string {
  return colours ? `\u001b[${code}m${text}\u001b[0m` : text
}

/** Emphasis for names and numbers. */
export const bold = (text: string | number): string => paint(1, String(text))
const dim = (text: string): string => paint(2, text)
const green = (text: string): string => paint(32, text)
const red = (text: string): string => paint(31, text)

const startedAtMs = performance.now()

function line(mark: string, text: string): void {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(5)
  process.stdout.write(`${dim(`${seconds} s`)}  ${mark} ${text}\n`)
}

/** Opens a chapter. */
export function chapter(title: string): void {
  process.stdout.write(`\n${bold(title)}\n`)
}

/** Something happened. */
export const tell = (text: string): void => line(dim('·'), text)
/** Something that had to hold does hold. */
export const good = (text: string): void => line(green('✓'), text)
/** Something died. */
export const bad = (text: string): void => line(red('✗'), text)

/** Time since then, for people. */
export function since(thenMs: number): string {
  return `${((performance.now() - thenMs) / 1000).toFixed(1)} s`
}
