import type { ParamType } from './types.ts'

/** Where docs/parameters.md puts a parameter. */
export type ParamGroup =
  | 'general'
  | 'access'
  | 'codes'
  | 'classes'
  | 'rewriting'
  | 'session'
  | 'limits'
  | 'sasl'
  | 'tls'
  | 'policy'
  | 'verify'
  | 'delivery'
  | 'content'
  | 'milter'
  | 'log'
  | 'postern'

/** One main.cf parameter, declared once. */
export interface Param<N extends string, T> {
  readonly name: N
  readonly type: ParamType<T>
  /** main.cf text, so that `$other_parameter` works. */
  readonly default: string
  readonly group: ParamGroup
  /** 'postfix': same name and meaning as postconf(5); 'own': ours, the name begins with "postern_". */
  readonly origin: 'postfix' | 'own'
  readonly doc: string
  /** The Postfix release that has it first, or whose default it is, where that is later than 3.7. */
  readonly since?: string
  /** The default comes from the machine; what stands in `default` is only for the manual. */
  readonly computed?: true
}

type Declaration<N extends string, T> = Omit<Param<N, T>, 'group' | 'origin'>

/** Declares parameters of one group that mean what they mean in Postfix. */
export function postfixParams(group: ParamGroup) {
  return <const N extends string, T>(declaration: Declaration<N, T>): Param<N, T> => ({
    ...declaration,
    group,
    origin: 'postfix',
  })
}

/** Declares parameters of our own. */
export function ownParams(group: ParamGroup) {
  return <const N extends `postern_${string}`, T>(declaration: Declaration<N, T>): Param<N, T> => ({
    ...declaration,
    group,
    origin: 'own',
  })
}
