import type { ReportDocument } from '../document.ts'
import { shownText } from '../shown_text.ts'

interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

interface Metric {
  readonly name: string
  readonly help: string
  readonly samples: readonly Sample[]
}

/**
 * Figures of one period in Prometheus' text format 0.0.4, for the textfile collector of node_exporter. All are gauges: the next
 * report begins anew. Labels are only what an operator chose or Postfix names, never what a client could make up without end.
 */
export function renderPrometheus(document: ReportDocument): string {
  return [...messageMetrics(document), ...gatewayMetrics(document), ...listMetrics(document)].map(rendered).join('')
}

function messageMetrics({ facts }: ReportDocument): readonly Metric[] {
  const { totals, lines } = facts
  const { bytesReceived, bytesDelivered, deferrals, ...messages } = totals
  return [
    {
      name: 'postern_report_messages',
      help: 'Messages by what became of them, as pflogsumm counts.',
      samples: Object.entries(messages).map(([outcome, value]) => ({ labels: { outcome: snake(outcome) }, value })),
    },
    {
      name: 'postern_report_message_bytes',
      help: 'Bytes of messages.',
      samples: [
        { labels: { direction: 'received' }, value: bytesReceived },
        { labels: { direction: 'delivered' }, value: bytesDelivered },
      ],
    },
    { name: 'postern_report_deferrals', help: 'How often a delivery was deferred.', samples: [{ value: deferrals }] },
    {
      name: 'postern_report_lines',
      help: 'Lines of the log.',
      samples: [
        { labels: { kind: 'read' }, value: lines.read },
        { labels: { kind: 'postfix' }, value: lines.postfix },
      ],
    },
  ]
}

function gatewayMetrics({ insights }: ReportDocument): readonly Metric[] {
  const { gateway, suspects } = insights
  const { accepted, own, refused, deferred, share, checks } = gateway
  return [
    {
      name: 'postern_report_gateway',
      help: 'Accepted messages, and commands refused or deferred, at the gate.',
      samples: Object.entries({ accepted, own, refused, deferred }).map(([outcome, value]) => ({
        labels: { outcome },
        value,
      })),
    },
    {
      name: 'postern_report_stopped_ratio',
      help: 'Refusals to refusals and accepted messages, 0 to 1.',
      samples: share === null ? [] : [{ value: share }],
    },
    {
      name: 'postern_report_refusals',
      help: 'Commands refused or deferred, by check.',
      samples: checks.flatMap(each => [
        { labels: { check: each.check, outcome: 'refused' }, value: each.refused },
        { labels: { check: each.check, outcome: 'deferred' }, value: each.deferred },
      ]),
    },
    {
      name: 'postern_report_suspects',
      help: 'Refused clients for which something speaks.',
      samples: [{ value: suspects.total }],
    },
  ]
}

function listMetrics({ insights }: ReportDocument): readonly Metric[] {
  const { greylist, dnsLists, bans, unknown } = insights
  const { new: first, early, passed, delay } = greylist
  return [
    {
      name: 'postern_report_greylist',
      help: 'Decisions of greylisting.',
      samples: Object.entries({ new: first, early, passed }).map(([decision, value]) => ({
        labels: { decision },
        value,
      })),
    },
    {
      name: 'postern_report_greylist_delay_seconds',
      help: 'How long mail had to wait.',
      samples:
        delay === null
          ? []
          : Object.entries({ mean: delay.mean, median: delay.median, longest: delay.longest }).map(([of, value]) => ({
              labels: { of },
              value,
            })),
    },
    {
      name: 'postern_report_dns_list_hits',
      help: 'Hits of DNS lists.',
      samples: dnsLists.lists.map(({ name, hits }) => ({ labels: { list: shownText(name) }, value: hits })),
    },
    { name: 'postern_report_bans', help: 'Addresses banned.', samples: [{ value: bans.banned }] },
    {
      name: 'postern_report_unknown_lines',
      help: 'Lines that were not understood.',
      samples: [{ value: unknown.lines }],
    },
  ]
}

function rendered({ name, help, samples }: Metric): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
