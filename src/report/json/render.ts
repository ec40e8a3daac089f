import type { ReportDocument } from '../document.ts'
import { shownText } from '../shown_text.ts'

/** Raised when a field changes its meaning or goes away; new fields do not count. */
const SCHEMA = 1

/** All figures of a report as one JSON object, ending in a line break. Tables are objects, their keys with the highest counts first. */
export function renderJson({ facts, insights, about }: ReportDocument): string {
  return `${JSON.stringify(plain({ schema: SCHEMA, about, facts, insights }), null, 2)}\n`
}

/** Maps become objects, and bytes of the log text. What is no map, list, object or string stays. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return shownText(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return objectOf([...value].sort(bySize))
  if (typeof value === 'object' && value !== null) return objectOf(Object.entries(value))
  return value
}

/** Without a prototype: a log may well name "__proto__". Keys that look the same once shown keep their bytes apart by a number. */
function objectOf(entries: readonly (readonly [unknown, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null)
  for (const [key, value] of entries) {
    const shown = shownText(String(key))
    let name = shown
    for (let n = 2; Object.hasOwn(object, name); n++) name = `${shown} (${n})`
    object[name] = plain(value)
  }
  return object
}

function bySize(a: readonly [unknown, unknown], b: readonly [unknown, unknown]): number {
  const [x, y] = [String(a[0]), String(b[0])]
  return sizeOf(b[1]) - sizeOf(a[1]) || (x < y ? -1 : x > y ? 1 : 0)
}

function sizeOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (value instanceof Map) return [...value.values()].reduce<number>((sum, each) => sum + sizeOf(each), 0)
  return typeof value === 'object' && value !== null && 'messages' in value ? Number(value.messages) : 0
}
