import type { GreylistRules, MemoryLifetimes } from '../../src/model/memory.ts'

const DAY = 86_400

/** Postgrey's defaults, but that a client is trusted after two successes. */
export const RULES: GreylistRules = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, autoAllow: 2 }

export const LIFETIMES: MemoryLifetimes = {
  delay: 300,
  retryWindow: 2 * DAY,
  maxAge: 35 * DAY,
  correspondent: 60 * DAY,
}
