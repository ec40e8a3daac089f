/** What a list is about: `name` and `class` of "<name>: class rejected: …" (Postfix reply_name, reply_class). */
export interface Subject {
  readonly name: string
  readonly class: SubjectClass
}

export type SubjectClass =
  | 'Client host'
  | 'Unverified Client host'
  | 'Client certificate'
  | 'SASL login name'
  | 'Helo command'
  | 'Sender address'
  | 'Recipient address'
  | 'Etrn command'
  | 'Data command'
  | 'End-of-data'
