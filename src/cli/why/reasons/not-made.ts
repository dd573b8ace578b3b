import type { Reason } from '../explanation.ts'

/** What the API server said to whoever wanted to make a pod, sorted by who refused. The words of the reference's admission. */
export function refusalReason(message: string, about: string): Reason {
  const text = message.replace(/^Error creating: /, '').trim()
  const quota = /exceeded quota: ([^,]+), requested: (.*), used: (.*), limited: (.*?)$/s.exec(text)
  if (quota !== null) {
    const [, name, requested, used, limited] = quota
    return {
      code: 'quota',
      about,
      message: `ResourceQuota ${name} lets no more in: asked for ${requested}, used ${used}, allowed ${limited}`,
      advice: `raise the quota, or ask for less (kubectl describe resourcequota ${name})`,
    }
  }
  const unspecified = /failed quota: ([^:]+): must specify (.*)$/s.exec(text)
  if (unspecified !== null)
    return {
      code: 'quota',
      about,
      message: `ResourceQuota ${unspecified[1]} counts what the pod does not say: ${unspecified[2]}`,
      advice: 'give the containers these requests and limits, or the namespace a LimitRange with defaults',
    }
  const found = sorts.find(({ pattern }) => pattern.test(text))
  if (found === undefined) return { code: 'refused', about, message: 'the API server refuses it', details: [text] }
  return {
    code: found.code,
    about,
    message: found.message(found.pattern.exec(text)!),
    details: [text],
    ...(found.advice && { advice: found.advice }),
  }
}

interface Sort {
  readonly pattern: RegExp
  readonly code: Reason['code']
  readonly message: (found: RegExpExecArray) => string
  readonly advice?: string
}

const sorts: readonly Sort[] = [
  {
    pattern: /violates PodSecurity "([^"]+)"/,
    code: 'pod-security',
    message: ([, level]) => `the namespace's pod security level "${level}" refuses it`,
    advice: 'change what the message names in the pod template, or the label pod-security.kubernetes.io/enforce of the namespace',
  },
  {
    pattern: /admission webhook "([^"]+)" denied the request/,
    code: 'webhook',
    message: ([, name]) => `the admission webhook ${name} refuses it`,
  },
  {
    pattern: /failed calling webhook "([^"]+)"/,
    code: 'webhook',
    message: ([, name]) => `the admission webhook ${name} does not answer, and nothing is let in without it`,
    advice: "see whether the webhook's own pods run",
  },
  { pattern: /ValidatingAdmissionPolicy '([^']+)'/, code: 'policy', message: ([, name]) => `ValidatingAdmissionPolicy ${name} refuses it` },
  {
    pattern: /service ?account "?(?:[^\s"]*\/)?([^\s":]+)"?.* not found|serviceaccount "([^"]+)" not found/i,
    code: 'service-account',
    message: ([, first, second]) => `there is no ServiceAccount ${second ?? first}`,
    advice: 'create it, or name another in spec.serviceAccountName',
  },
  {
    pattern: /(maximum|minimum) (\S+) (?:usage|usage per \w+|limit to request ratio)|LimitRange/,
    code: 'limit-range',
    message: ([, bound, resource]) =>
      resource === undefined ? "the namespace's LimitRange refuses it" : `the namespace's LimitRange refuses it: ${bound} ${resource}`,
    advice: 'change requests or limits, or the LimitRange',
  },
  {
    pattern: /because it is being terminated/,
    code: 'refused',
    message: () => 'the namespace is being deleted: nothing new is let in',
  },
  { pattern: /no PriorityClass with name (\S+) was found/, code: 'refused', message: ([, name]) => `there is no PriorityClass ${name}` },
]
