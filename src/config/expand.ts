import { MacError, type MacOrigin, type MacPiece, macNames, macPieces } from '../util/mac_expand.ts'
import type { Place, PlacedText } from './place.ts'

/** What a name stands for: its unexpanded text; undefined: no such name. */
export type NameLookup = (name: string) => PlacedText | undefined

/** A value that cannot be expanded. `place` is where the fault was written, perhaps in another parameter. */
export class ExpandError extends SyntaxError {
  readonly place: Place

  constructor(message: string, place: Place) {
    super(message)
    this.name = 'ExpandError'
    this.place = place
  }
}

export interface UndefinedName {
  readonly name: string
  readonly place: Place
}

export interface Expanded {
  readonly value: PlacedText
  /** Names that were used and stand for nothing. */
  readonly undefinedNames: readonly UndefinedName[]
}

/** Fills in all `$name` of a main.cf value, those of the values found as well. Throws ExpandError. */
export function expandValue(value: PlacedText, lookup: NameLookup): Expanded {
  const undefinedNames: UndefinedName[] = []
  const placeOf = ({ from, offset }: MacOrigin) => (from === null ? value : (lookup(from) ?? value)).place(offset)
  try {
    const pieces = macPieces(value.text, name => lookup(name)?.text, {
      recurse: true,
      onUndefined: (name, origin) => undefinedNames.push({ name, place: placeOf(origin) }),
    })
    return { value: joinPieces(pieces, placeOf), undefinedNames }
  } catch (error) {
    if (!(error instanceof MacError)) throw error
    const loop = error.message.includes('nesting') ? findLoop(value.text, lookup) : null
    if (loop !== null) throw new ExpandError(`"$${loop[0]}" refers to itself: ${loop.join(' -> ')}`, value.place(0))
    throw new ExpandError(error.message, placeOf(error))
  }
}

function joinPieces(pieces: readonly MacPiece[], placeOf: (origin: MacOrigin) => Place): PlacedText {
  const starts: number[] = []
  let length = 0
  for (const piece of pieces) {
    starts.push(length)
    length += piece.text.length
  }
  return {
    text: pieces.map(piece => piece.text).join(''),
    place(offset) {
      const index = starts.findLastIndex(start => start <= offset)
      const piece = pieces[index] ?? { text: '', from: null, offset: 0 }
      return placeOf({ from: piece.from, offset: piece.offset + offset - (starts[index] ?? 0) })
    },
  }
}

/** The names of a circle, the first again at its end; null when there is none. */
function findLoop(text: string, lookup: NameLookup): readonly string[] | null {
  const done = new Set<string>()
  const walk = (value: string, path: readonly string[]): readonly string[] | null => {
    for (const name of macNames(value)) {
      const start = path.indexOf(name)
      if (start >= 0) return [...path.slice(start), name]
      if (done.has(name)) continue
      const loop = walk(lookup(name)?.text ?? '', [...path, name])
      if (loop !== null) return loop
      done.add(name)
    }
    return null
  }
  return walk(text, [])
}
