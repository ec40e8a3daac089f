/** pflogsumm's ways of writing figures. */

const KILO = 1024
const MEGA = 1024 * 1024
/** From here on in kilo, and in mega. */
const KILO_FROM = 512 * KILO
const MEGA_FROM = 512 * MEGA
const MINUTE = 60
const HOUR = 3600

/** Perl's %d: what is behind the point is dropped. */
export function whole(value: number, width: number): string {
  return String(Math.trunc(value)).padStart(width)
}

const SMALL = Array.from({ length: 1000 }, (_, value) => `${String(value).padStart(6)} `)

/** "%6d%s": a count with its unit, " ", "k" or "m". */
export function count(value: number, width = 6): string {
  const small = width === 6 ? SMALL[value] : undefined
  if (small !== undefined) return small
  if (value > MEGA_FROM) return `${whole(value / MEGA, width)}m`
  if (value > KILO_FROM) return `${whole(value / KILO, width)}k`
  return `${whole(value, width)} `
}

/** "%5.1f %s" */
export function duration(seconds: number): string {
  const [value, unit] =
    seconds > HOUR ? [seconds / HOUR, 'h'] : seconds > MINUTE ? [seconds / MINUTE, 'm'] : [seconds, 's']
  return `${oneDigit(value).padStart(5)} ${unit}`
}

/** C's %.1f rounds the exact binary value, halves to even; toFixed rounds exact halves up. */
function oneDigit(value: number): string {
  const times4 = value * 4
  // Only multiples of 0.25 that are no multiples of 0.5 are exact halves of a tenth.
  if (Number.isInteger(times4) && times4 % 2 !== 0) {
    const tenths = Math.floor(value * 10)
    return ((tenths % 2 === 0 ? tenths : tenths + 1) / 10).toFixed(1)
  }
  return value.toFixed(1)
}

/** "%2d:%02d:%02d": hours, minutes, seconds. */
export function clockTime(seconds: number): string {
  const hours = Math.trunc(seconds / HOUR)
  const minutes = Math.trunc((seconds - hours * HOUR) / MINUTE)
  const rest = Math.trunc(seconds - hours * HOUR - minutes * MINUTE)
  return `${String(hours).padStart(2)}:${String(minutes).padStart(2, '0')}:${String(rest).padStart(2, '0')}`
}
