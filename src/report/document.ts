import type { Facts } from './facts.ts'
import type { Insights } from './insights/insights.ts'

/** All that the views HTML, JSON and Prometheus show. */
export interface ReportDocument {
  readonly facts: Facts
  readonly insights: Insights
  readonly about: {
    /** Of the machine that made the report. */
    readonly host: string
    /** The days as the heading names them; null: all of the log. */
    readonly period: string | null
    /** "2026-11-24 04:00:00", in this machine's time. */
    readonly made: string
    /** "postern 0.1.0" */
    readonly program: string
  }
}

export type Language = 'en' | 'de'
