/** What postern_greylist_only can ask of a client. */
import type { IpAddress } from '../util/ip.ts'

/** Words that providers put into the names of lines of private customers. */
const LINE_WORDS =
  /(?:^|[.\d_-])(?:a?dsl|vdsl|xdsl|dyn|dynamic|dynip|dynamicip|dhcp|dial|dialup|dialin|dip\d*|pool|ppp|pppoe|cable|cpe|broadband|bb|ftth|fiber|wimax|lte|umts|mobile|customer|cust|client|home|residential|user|users)(?=$|[.\d_-])/

/** Whether a host name looks like one of a line whose address changes or belongs to a private customer. */
export function isDynamicName(name: string, ip: IpAddress): boolean {
  const lower = name.toLowerCase()
  return LINE_WORDS.test(lower) || holdsAddress(lower, ip)
}

/** The address within the name: "p5b0c1d2e.dip0…", "77-21-3-4.customer…", "host4-3-21-77…". */
function holdsAddress(name: string, ip: IpAddress): boolean {
  if (ip.family === 6) return false
  const bits = ip.words[0]
  const octets = [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255]
  const numbers = (name.match(/\d+/g) ?? []).map(Number)
  const shapes = [octets, octets.toReversed(), octets.slice(1), octets.slice(0, 3), octets.slice(1).reverse()]
  if (shapes.some(shape => holdsRun(numbers, shape))) return true
  return name.includes(bits.toString(16).padStart(8, '0'))
}

function holdsRun(numbers: readonly number[], run: readonly number[]): boolean {
  return numbers.some((_, start) => run.every((number, i) => numbers[start + i] === number))
}
