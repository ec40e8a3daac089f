/** Time comes in by argument, so that a test can move it. The only file that reads the real clock or sets a timer. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds on a clock that never goes back; for durations. */
  monotonic(): number
  /** Calls `run` once after `ms` milliseconds, unless cancelled. The timer does not keep the process alive by itself. */
  after(ms: number, run: () => void): Timer
}

export interface Timer {
  cancel(): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** Waits `ms` milliseconds of `clock`. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    clock.after(ms, resolve)
  })
}

/** Keeps the process running until `end`: the timers above do not, and a program that waits would end in between. */
export function keepRunning(): { end(): void } {
  const timer = setInterval(() => undefined, 2 ** 30)
  return { end: () => clearInterval(timer) }
}
