/** Where a command's words go. Commands get one by argument, so that a test can read what they say. */
import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export interface Terminal {
  /** Data, as asked for. The text brings its own line ends. */
  out(text: string): void
  /** Data that is no text of ours, such as what a log holds, byte for byte. */
  outBytes(bytes: Uint8Array): void
  /** Everything else. */
  err(text: string): void
  /** The text with colour codes around it, if stdout is a terminal and NO_COLOR does not forbid it. */
  style(style: Style, text: string): string
  /** Columns; null when stdout is no terminal. */
  readonly width: number | null
}

/** The process's own stdout and stderr. */
export function processTerminal(): Terminal {
  const isTerminal = process.stdout.isTTY === true
  // NO_COLOR: any value that is not empty. https://no-color.org is the whole standard.
  const colour = isTerminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  // A reader that went away (`postern conf | head`) is no fault of ours.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  return {
    out: text => void process.stdout.write(text),
    outBytes: bytes => void process.stdout.write(bytes),
    err: text => void process.stderr.write(text),
    style: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
    width: isTerminal ? (process.stdout.columns ?? 80) : null,
  }
}
