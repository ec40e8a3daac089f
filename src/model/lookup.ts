/**
 * Every question to the world has three answers. "absent" is a fact about the world, "failed" is a fact about us;
 * no caller may treat one as the other.
 */
export type Lookup<T> =
  | { readonly status: 'found'; readonly value: T }
  | { readonly status: 'absent' }
  /** `told`: what the log is to say about it, where that is more than its asker knows; one line each. */
  | { readonly status: 'failed'; readonly reason: string; readonly told?: readonly string[] }

export const ABSENT: { readonly status: 'absent' } = { status: 'absent' }

export function found<T>(value: T): { readonly status: 'found'; readonly value: T } {
  return { status: 'found', value }
}

export function failed(reason: string): { readonly status: 'failed'; readonly reason: string } {
  return { status: 'failed', reason }
}
