const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** "Nov 04 15:38:09" in this machine's time zone; strftime(3) "%b %d %H:%M:%S". */
export function formatLocalTime(nowMs: number): string {
  const date = new Date(nowMs)
  const two = (n: number): string => String(n).padStart(2, '0')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${MONTHS[date.getMonth()]} ${two(date.getDate())} ${time}`
}
