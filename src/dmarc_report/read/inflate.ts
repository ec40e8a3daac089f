import { gunzipSync, inflateRawSync } from 'node:zlib'
import { type Budget, ReportSyntaxError } from './problem.ts'

/** RFC 1952. Throws ReportSyntaxError for damaged data, and for data that grow beyond the budget. */
export function gunzip(bytes: Uint8Array, budget: Budget): Uint8Array {
  return unpack('gzip', () => gunzipSync(bytes, { maxOutputLength: budget.left }), budget)
}

/** RFC 1951. Throws as gunzip does. */
export function inflate(bytes: Uint8Array, budget: Budget): Uint8Array {
  return unpack('zip', () => inflateRawSync(bytes, { maxOutputLength: budget.left }), budget)
}

function unpack(what: string, run: () => Uint8Array, budget: Budget): Uint8Array {
  try {
    const unpacked = run()
    budget.take(unpacked.length)
    return unpacked
  } catch (error) {
    if (error instanceof ReportSyntaxError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ReportSyntaxError(`Cannot unpack the report: ${what}: ${reason}`)
  }
}
