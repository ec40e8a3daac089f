/** The words of all views but pflogsumm's own text, in every language: a word that lacks a language does not compile. */
import type { Language } from './document.ts'
import type { Check, FixList, Reason, Suspect } from './insights/insights.ts'

type Word = Readonly<Record<Language, string>>

export const WORDS = {
  title: { en: 'Mail report', de: 'Mailbericht' },
  allDays: { en: 'all of the log', de: 'das ganze Log' },
  madeBy: { en: 'Made by {0} on {1}', de: 'Erstellt von {0} am {1}' },
  overview: { en: 'Overview', de: 'Überblick' },
  stopped: { en: 'stopped at the gate', de: 'am Tor abgewiesen' },
  stoppedOf: { en: '{0} refusals to {1} accepted messages', de: '{0} Abweisungen auf {1} angenommene Nachrichten' },
  noMail: { en: 'no mail from outside', de: 'keine Mail von außen' },
  accepted: { en: 'Accepted', de: 'Angenommen' },
  refused: { en: 'Refused', de: 'Abgewiesen' },
  deferred: { en: 'Deferred', de: 'Vertagt' },
  own: { en: 'Own mail', de: 'Eigene Mail' },
  received: { en: 'Received', de: 'Empfangen' },
  delivered: { en: 'Delivered', de: 'Zugestellt' },
  bounced: { en: 'Bounced', de: 'Unzustellbar' },
  forwarded: { en: 'Forwarded', de: 'Weitergeleitet' },
  held: { en: 'Held', de: 'Angehalten' },
  discarded: { en: 'Discarded', de: 'Verworfen' },
  warned: { en: 'Reject warnings', de: 'Warnungen statt Abweisung' },
  queueDeferred: { en: 'Delivery deferred', de: 'Zustellung vertagt' },
  bytesReceived: { en: 'Volume received', de: 'Empfangenes Volumen' },
  bytesDelivered: { en: 'Volume delivered', de: 'Zugestelltes Volumen' },
  traffic: { en: 'Traffic by hour', de: 'Verkehr nach Stunde' },
  trafficDays: { en: 'Traffic by day', de: 'Verkehr nach Tag' },
  hour: { en: 'Hour', de: 'Stunde' },
  day: { en: 'Day', de: 'Tag' },
  asTable: { en: 'As a table', de: 'Als Tabelle' },
  checks: { en: 'What was refused, by check', de: 'Abweisungen nach Prüfung' },
  check: { en: 'Check', de: 'Prüfung' },
  details: { en: 'Most frequent', de: 'Am häufigsten' },
  suspects: { en: 'Suspected false alarms', de: 'Mögliche Fehlalarme' },
  suspectsIntro: {
    en: 'These were refused although something speaks for them. If one is wanted, add the line to the list.',
    de: 'Diese wurden abgewiesen, obwohl etwas für sie spricht. Ist einer erwünscht, die Zeile in die Liste eintragen.',
  },
  noSuspects: { en: 'No refusal looks wrong.', de: 'Keine Abweisung sieht falsch aus.' },
  moreSuspects: { en: '{0} more look less suspicious.', de: '{0} weitere sind weniger verdächtig.' },
  times: { en: '{0} times', de: '{0}-mal' },
  others: { en: 'and {0} more of this kind', de: 'und {0} weitere dieser Art' },
  once: { en: 'once', de: 'einmal' },
  addLine: { en: 'Add to {0}:', de: 'Eintragen in {0}:' },
  noFix: {
    en: 'No allow list helps here; the rule itself would have to be changed.',
    de: 'Hier hilft keine Liste; die Regel selbst wäre zu ändern.',
  },
  from: { en: 'from', de: 'von' },
  to: { en: 'to', de: 'an' },
  lastReply: { en: 'Last reply', de: 'Letzte Antwort' },
  greylist: { en: 'Greylisting', de: 'Greylisting' },
  greyNew: { en: 'Seen for the first time', de: 'Zum ersten Mal gesehen' },
  greyEarly: { en: 'Came again too early', de: 'Zu früh wiedergekommen' },
  greyPassed: { en: 'Came again and passed', de: 'Wiedergekommen und durchgelassen' },
  greyLost: { en: 'Did not come again', de: 'Nicht wiedergekommen' },
  greyMean: { en: 'Mean delay', de: 'Mittlere Verzögerung' },
  greyMedian: { en: 'Half waited at most', de: 'Die Hälfte wartete höchstens' },
  greyLongest: { en: 'Longest delay', de: 'Längste Verzögerung' },
  delay: { en: 'Delay', de: 'Verzögerung' },
  upTo: { en: 'up to {0}', de: 'bis {0}' },
  longer: { en: 'longer', de: 'länger' },
  messages: { en: 'Messages', de: 'Nachrichten' },
  skipped: { en: 'Let through at once', de: 'Sofort durchgelassen' },
  dnsLists: { en: 'DNS lists', de: 'DNS-Listen' },
  list: { en: 'List', de: 'Liste' },
  hits: { en: 'Hits', de: 'Treffer' },
  clients: { en: 'Clients', de: 'Clients' },
  alone: { en: 'On no other list', de: 'Auf keiner anderen' },
  overlap: { en: 'On both lists', de: 'Auf beiden Listen' },
  bans: { en: 'Bans', de: 'Sperren' },
  banned: { en: 'Banned', de: 'Gesperrt' },
  unbanned: { en: 'Released', de: 'Wieder freigegeben' },
  jail: { en: 'Jail', de: 'Jail' },
  address: { en: 'Address', de: 'Adresse' },
  count: { en: 'Count', de: 'Anzahl' },
  share: { en: 'Share', de: 'Anteil' },
  name: { en: 'Name', de: 'Name' },
  top: { en: 'Top lists', de: 'Ranglisten' },
  topClients: { en: 'Refused clients', de: 'Abgewiesene Clients' },
  topRecipients: { en: 'Recipients of refused mail', de: 'Empfänger abgewiesener Mail' },
  topSenderDomains: { en: 'Sender domains of refused mail', de: 'Absenderdomains abgewiesener Mail' },
  topSenders: { en: 'Senders', de: 'Absender' },
  topDelivered: { en: 'Recipients', de: 'Empfänger' },
  problems: { en: 'Problems', de: 'Probleme' },
  deferrals: { en: 'Deferred deliveries', de: 'Vertagte Zustellungen' },
  bounces: { en: 'Bounces', de: 'Unzustellbare Mail' },
  warnings: { en: 'Warnings', de: 'Warnungen' },
  fatals: { en: 'Fatal errors and panics', de: 'Schwere Fehler' },
  reason: { en: 'Reason', de: 'Grund' },
  unknown: { en: 'Lines not understood', de: 'Nicht verstandene Zeilen' },
  unknownOf: { en: '{0} of {1} lines ({2})', de: '{0} von {1} Zeilen ({2})' },
  example: { en: 'Example', de: 'Beispiel' },
  ownFaults: {
    en: 'Refusals that were our own fault (configuration error, failed lookup): {0}. See the warnings in the log.',
    de: 'Abweisungen, die dieser Server selbst verschuldet hat (Konfigurationsfehler, fehlgeschlagene Abfrage): {0}. Das Log hat Warnungen dazu.',
  },
  bannedAddresses: { en: 'Banned addresses', de: 'Gesperrte Adressen' },
  filterHops: {
    en: 'Messages that went through the content filter count once: {0} handed to it, {1} taken back.',
    de: 'Nachrichten durch den Inhaltsfilter zählen einmal: {0} übergeben, {1} zurückgenommen.',
  },
  none: { en: 'none', de: 'keine' },
  footnote: {
    en: 'An accepted message counts once, a refusal once for each command that was refused.',
    de: 'Eine angenommene Nachricht zählt einmal, eine Abweisung einmal je abgewiesenem Befehl.',
  },
} as const satisfies Record<string, Word>

export const CHECK_WORDS: Readonly<Record<Check, Word>> = {
  dns_list: { en: 'DNS list', de: 'DNS-Liste' },
  client_name: { en: 'Name of the client', de: 'Name des Clients' },
  client_access: { en: 'Client table', de: 'Client-Tabelle' },
  helo: { en: 'HELO name', de: 'HELO-Name' },
  helo_access: { en: 'HELO table', de: 'HELO-Tabelle' },
  sender_domain: { en: 'Sender domain', de: 'Absenderdomain' },
  sender: { en: 'Sender address', de: 'Absenderadresse' },
  sender_access: { en: 'Sender table', de: 'Absendertabelle' },
  greylist: { en: 'Greylisting', de: 'Greylisting' },
  spf: { en: 'SPF', de: 'SPF' },
  dmarc: { en: 'DMARC', de: 'DMARC' },
  milter: { en: 'Milter', de: 'Milter' },
  content: { en: 'Header and body checks', de: 'Kopf- und Textprüfung' },
  postscreen: { en: 'postscreen', de: 'postscreen' },
  recipient: { en: 'Unknown recipient', de: 'Unbekannter Empfänger' },
  recipient_access: { en: 'Recipient table', de: 'Empfängertabelle' },
  relay: { en: 'Relaying', de: 'Relay-Versuch' },
  policy: { en: 'Policy', de: 'Richtlinie' },
  protocol: { en: 'Protocol', de: 'Protokoll' },
  limits: { en: 'Limits', de: 'Grenzwerte' },
  own_fault: { en: 'Our own fault', de: 'Eigener Fehler' },
  next_hop: { en: 'Next hop', de: 'Nächster Server' },
  other: { en: 'Other', de: 'Sonstiges' },
}

/** {0} count or domain, {1} time or seconds: see reasonText. */
export const REASON_WORDS: Readonly<Record<Reason['kind'], Word>> = {
  accepted_later: {
    en: 'same client accepted later ({0}, last {1})',
    de: 'derselbe Client wurde später angenommen ({0}, zuletzt {1})',
  },
  accepted_before: {
    en: 'same client accepted before ({0}, last {1})',
    de: 'derselbe Client wurde vorher angenommen ({0}, zuletzt {1})',
  },
  allow_listed: { en: 'stands on an allow list ({0})', de: 'steht auf einer Positivliste ({0})' },
  correspondent: { en: 'one of your users wrote to {0}', de: 'ein eigener Nutzer hat an {0} geschrieben' },
  spf_pass: { en: 'SPF names this client for {0}', de: 'SPF nennt diesen Client für {0}' },
  dkim_pass: { en: 'a DKIM signature was good', de: 'eine DKIM-Signatur war gültig' },
  kept_trying: { en: 'tried {0} over {1} without passing', de: 'versuchte es {0} über {1}, ohne durchzukommen' },
  long_wait: { en: 'had to wait {0}', de: 'musste {0} warten' },
}

/** Where a line goes, as operators name it. */
export const FIX_WORDS: Readonly<Record<FixList, Word>> = {
  check_client_access: { en: 'a check_client_access table', de: 'eine check_client_access-Tabelle' },
  check_helo_access: { en: 'a check_helo_access table', de: 'eine check_helo_access-Tabelle' },
  check_sender_access: { en: 'a check_sender_access table', de: 'eine check_sender_access-Tabelle' },
  whitelist_clients: { en: 'whitelist_clients of greylisting', de: 'whitelist_clients des Greylistings' },
  postscreen_access_list: {
    en: 'a cidr: table of postscreen_access_list',
    de: 'eine cidr:-Tabelle von postscreen_access_list',
  },
  spf_whitelist: {
    en: 'postern_spf_whitelist (policyd-spf: Whitelist)',
    de: 'postern_spf_whitelist (policyd-spf: Whitelist)',
  },
  dmarc_ignore_hosts: {
    en: 'postern_dmarc_ignore_hosts (OpenDMARC: IgnoreHosts)',
    de: 'postern_dmarc_ignore_hosts (OpenDMARC: IgnoreHosts)',
  },
}

/** Speaks one language. */
export class Speaker {
  readonly language: Language

  constructor(language: Language) {
    this.language = language
  }

  say(word: keyof typeof WORDS, ...values: readonly string[]): string {
    return this.#fill(WORDS[word], ...values)
  }

  check(check: Check): string {
    return CHECK_WORDS[check][this.language]
  }

  fix(list: FixList): string {
    return FIX_WORDS[list][this.language]
  }

  /** In plain text, of bytes of the log as `shown` makes them. */
  reason(reason: Reason, shown: (bytes: string) => string): string {
    const word = REASON_WORDS[reason.kind]
    switch (reason.kind) {
      case 'accepted_later':
      case 'accepted_before':
        return this.#fill(word, this.times(reason.count), reason.at)
      case 'allow_listed':
        return this.#fill(word, reason.by)
      case 'correspondent':
        return this.#fill(word, shown(reason.address))
      case 'spf_pass':
        return this.#fill(word, shown(reason.domain))
      case 'dkim_pass':
        return this.#fill(word)
      case 'kept_trying':
        return this.#fill(word, this.times(reason.times), this.duration(reason.seconds))
      case 'long_wait':
        return this.#fill(word, this.duration(reason.seconds))
    }
  }

  /** "mail.example.com [192.0.2.1] (and 3 more of this kind)" */
  who({ client, address, others }: Suspect, shown: (bytes: string) => string): string {
    const one = client === null ? shown(address) : `${shown(client)} [${shown(address)}]`
    return others === 0 ? one : `${one} (${this.say('others', this.number(others))})`
  }

  times(count: number): string {
    return count === 1 ? this.say('once') : this.say('times', this.number(count))
  }

  /** "12,345", "12.345" */
  number(value: number): string {
    return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, this.language === 'de' ? '.' : ',')
  }

  /** "43.2 %", "43,2 %" */
  percent(part: number): string {
    const text = (part * 100).toFixed(1)
    return `${this.language === 'de' ? text.replace('.', ',') : text} %`
  }

  /** Bytes: "12.3 MB". */
  bytes(value: number): string {
    const units = ['B', 'KB', 'MB', 'GB', 'TB']
    let rest = value
    let unit = 0
    while (rest >= 1024 && unit < units.length - 1) {
      rest /= 1024
      unit++
    }
    const text = unit === 0 ? String(rest) : rest.toFixed(1)
    return `${this.language === 'de' ? text.replace('.', ',') : text} ${units[unit] ?? ''}`
  }

  /** Seconds: "45 s", "5 min", "3 h 20 min". */
  duration(seconds: number): string {
    if (seconds < 120) return `${Math.round(seconds)} s`
    const minutes = Math.round(seconds / 60)
    if (minutes < 60) return `${minutes} min`
    const rest = minutes % 60
    return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`
  }

  #fill(word: Word, ...values: readonly string[]): string {
    return word[this.language].replace(/\{(\d)\}/g, (_, index) => values[Number(index)] ?? '')
  }
}
