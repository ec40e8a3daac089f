/** All parameters. Adding one: declare it in params/<group>.ts; a new group is listed here. */
import type { Param } from './param.ts'
import { accessParams } from './params/access.ts'
import { classesParams } from './params/classes.ts'
import { codesParams } from './params/codes.ts'
import { contentParams } from './params/content.ts'
import { deliveryParams } from './params/delivery.ts'
import { dmarcParams } from './params/dmarc.ts'
import { dmarcReportParams } from './params/dmarc_report.ts'
import { dnsParams } from './params/dns.ts'
import { forwardingParams } from './params/forwarding.ts'
import { gatewayParams } from './params/gateway.ts'
import { generalParams } from './params/general.ts'
import { greylistParams } from './params/greylist.ts'
import { hopParams } from './params/hop.ts'
import { limitsParams } from './params/limits.ts'
import { logParams } from './params/log.ts'
import { milterParams } from './params/milter.ts'
import { milterServerParams } from './params/milter_server.ts'
import { policyParams } from './params/policy.ts'
import { policyServerParams } from './params/policy_server.ts'
import { posternParams } from './params/postern.ts'
import { reportParams } from './params/report.ts'
import { rewritingParams } from './params/rewriting.ts'
import { saslParams } from './params/sasl.ts'
import { sessionParams } from './params/session.ts'
import { spfParams } from './params/spf.ts'
import { tlsParams } from './params/tls.ts'
import { verifyParams } from './params/verify.ts'

export const allParams = [
  ...posternParams,
  ...policyServerParams,
  ...dnsParams,
  ...gatewayParams,
  ...generalParams,
  ...accessParams,
  ...codesParams,
  ...classesParams,
  ...rewritingParams,
  ...sessionParams,
  ...limitsParams,
  ...saslParams,
  ...tlsParams,
  ...policyParams,
  ...spfParams,
  ...dmarcParams,
  ...forwardingParams,
  ...dmarcReportParams,
  ...reportParams,
  ...greylistParams,
  ...verifyParams,
  ...contentParams,
  ...milterParams,
  ...milterServerParams,
  ...deliveryParams,
  ...hopParams,
  ...logParams,
] as const

export type AnyParam = (typeof allParams)[number]
export type ParamName = AnyParam['name']

type ValueOf<P> = P extends Param<string, infer T> ? T : never

/** The value of every parameter by its name. */
export type ParamValues = { readonly [P in AnyParam as P['name']]: ValueOf<P> }

const byName: ReadonlyMap<string, AnyParam> = new Map(allParams.map(param => [param.name, param]))

/** The parameter of that name, or undefined. */
export function findParam(name: string): AnyParam | undefined {
  return byName.get(name)
}
