import type { SpfResult } from '../../model/spf.ts'

/** What check_host() says of one record. */
export interface HostResult {
  readonly result: SpfResult
  /** The term that decided; null: no record, or no term matched. */
  readonly mechanism: string | null
  readonly problem: string | null
}

/** Ends the evaluation at any depth with temperror or permerror. */
export class SpfStop extends Error {
  readonly result: 'temperror' | 'permerror'
  constructor(result: 'temperror' | 'permerror', problem: string) {
    super(problem)
    this.result = result
  }
}
