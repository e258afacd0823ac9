/** Colours, for terminals whose owner has nothing against them. */

/** Puts a text in colour, or leaves it as it is. */
export interface Paint {
  red(text: string): string
  green(text: string): string
}

/** The colours for this stream. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const isColourful = stream.isTTY === true && process.env['NO_COLOR'] === undefined
  const paint = (code: number) => (text: string) =>
    isColourful ? `\x1b[${code}m${text}\x1b[0m` : text
  return { red: paint(31), green: paint(32) }
}
