import type { NextHop } from '../model/hop.ts'
import { Maildir } from '../store/maildir.ts'
import { parseDestination } from './destination.ts'
import { makeDiscardHop } from './discard_hop.ts'
import { makeMaildirHop } from './maildir_hop.ts'
import type { HopDeps } from './open.ts'
import { makeSmtpHop } from './smtp_hop.ts'

/** Destinations of FILTER actions that are kept open; more than a table names by hand. */
const MAX_FILTER_HOPS = 100

/** The next hops of one configuration. */
export interface NextHops {
  /** postern_next_hop. */
  readonly main: NextHop
  /** The hop that a FILTER action names ("smtp:[host]:port", "lmtp:unix:path", …); null: Postern has no such transport. Same hop for the same text. */
  hopFor(filterText: string): NextHop | null
  close(): Promise<void>
}

/** Makes the hops; `problem` when postern_next_hop does not name one. Connects to nothing. */
export function makeNextHops(
  nextHop: string,
  deps: HopDeps,
): { readonly hops: NextHops } | { readonly problem: string } {
  const main = makeHop(nextHop, deps)
  if ('problem' in main) return main
  const others = new Map<string, NextHop>()
  const hopFor = (text: string): NextHop | null => {
    const known = others.get(text)
    if (known !== undefined) return known
    const made = makeHop(text, deps)
    if ('problem' in made) return null
    const oldest = others.keys().next().value
    if (others.size >= MAX_FILTER_HOPS && oldest !== undefined) {
      void others.get(oldest)?.close()
      others.delete(oldest)
    }
    others.set(text, made.hop)
    return made.hop
  }
  const close = async (): Promise<void> => {
    await Promise.all([main.hop, ...others.values()].map(hop => hop.close()))
  }
  return { hops: { main: main.hop, hopFor, close } }
}

function makeHop(text: string, deps: HopDeps): { readonly hop: NextHop } | { readonly problem: string } {
  const parsed = parseDestination(text)
  if (!parsed.ok) return { problem: parsed.problem }
  const { destination } = parsed
  switch (destination.kind) {
    case 'inet':
    case 'unix':
      return { hop: makeSmtpHop(destination, deps) }
    case 'maildir': {
      const maildir = new Maildir(destination.directory, deps.settings.myhostname, deps.clock)
      return { hop: makeMaildirHop(maildir, text => deps.emit({ kind: 'warning', text, daemon: 'virtual' })) }
    }
    case 'discard':
      return { hop: makeDiscardHop(destination.text === '' ? 'discarded' : destination.text) }
  }
}
