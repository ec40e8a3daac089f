/** Lets other work of the process go on: before each further part of what a stranger can make long. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
