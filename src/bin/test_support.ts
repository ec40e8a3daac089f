/** A terminal that remembers, for testing commands. */
import { commands } from './commands.ts'
import { dispatch } from './dispatch.ts'
import type { Terminal } from './terminal.ts'

export interface Said {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** Runs a command line in this process. */
export async function postern(...args: readonly string[]): Promise<Said> {
  let out = ''
  let err = ''
  const terminal: Terminal = {
    out: text => {
      out += text
    },
    outBytes: bytes => {
      out += Buffer.from(bytes).toString()
    },
    err: text => {
      err += text
    },
    style: (_, text) => text,
    width: null,
  }
  const status = await dispatch(args, commands, terminal)
  return { status, out, err }
}
