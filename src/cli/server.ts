import { resolve } from 'node:path'
import { WherryError } from '#lib/errors.ts'
import type { Command } from './command.ts'
import { exit } from './command.ts'

export const server: Command = {
  name: 'server',
  summary: 'Run the API server in the foreground, without a node',
  usage: '--data DIR [options]',
  options: {
    data: { type: 'string', value: 'DIR', help: 'folder of the store, certificates and keys; made when missing' },
    listen: { type: 'string', default: '127.0.0.1:6443', value: 'ADDRESS:PORT', help: 'where to serve (default 127.0.0.1:6443)' },
    components: {
      type: 'string',
      default: 'apiserver,controllers,scheduler',
      value: 'LIST',
      help: 'what runs: apiserver, and any of controllers, scheduler (default: all)',
    },
    'admin-token': { type: 'string', value: 'TOKEN', help: 'a bearer token of user kubernetes-admin in group system:masters' },
    'authentication-config': {
      type: 'string',
      value: 'FILE',
      help: 'an AuthenticationConfiguration: issuers of tokens, and who may ask without credentials; read again when it changes',
    },
    'authorization-config': {
      type: 'string',
      value: 'FILE',
      help: 'an AuthorizationConfiguration: who is asked what somebody may do (default: Node, RBAC); read again when it changes',
    },
    'token-webhook-config': { type: 'string', value: 'FILE', help: 'a kubeconfig of a webhook that knows bearer tokens' },
    'audit-policy': { type: 'string', value: 'FILE', help: 'a Policy of audit.k8s.io/v1: which requests are kept; goes with --audit-log' },
    'audit-log': { type: 'string', value: 'FILE', help: 'where they are kept, an event a line; a file of 100 MB is moved aside, ten stay' },
    'tracing-config': { type: 'string', value: 'FILE', help: 'a TracingConfiguration: which requests are traced, and to which collector' },
    anonymous: {
      type: 'string',
      value: 'health|all',
      help: 'what requests without credentials may try (default: all with --admin-token, else health)',
    },
  },
  about:
    'For tests, measurements and embedding: any user may run it. Its authority is written to DIR/ca.crt, and an administrator’s certificate to ' +
    'DIR/pki. With --anonymous all, requests without credentials are authorized as system:anonymous, as the reference does by default; with health ' +
    'they only learn version and health. It ends on SIGTERM.',
  async run({ options, programs }) {
    const {
      'authentication-config': authentication,
      'authorization-config': authorization,
      'token-webhook-config': webhook,
      'audit-policy': auditPolicy,
      'audit-log': auditLog,
      'tracing-config': tracing,
    } = options as Readonly<Record<string, string | undefined>>
    const { data, listen, components, 'admin-token': adminToken, anonymous } = options as Readonly<Record<string, string | undefined>>
    if (!data) throw new WherryError('BadRequest', '--data DIR is missing: the folder that the server keeps its store and keys in')
    const [host, port] = addressOf(listen!)
    const parts = components!.split(',').map((part) => part.trim())
    for (const part of parts)
      if (!known.includes(part)) throw new WherryError('BadRequest', `--components has "${part}"; there are ${known.join(', ')}`)
    if (!parts.includes('apiserver'))
      throw new WherryError('BadRequest', '--components lacks apiserver, which everything else runs in; add it')
    if (anonymous !== undefined && anonymous !== 'health' && anonymous !== 'all')
      throw new WherryError('BadRequest', `--anonymous is "${anonymous}"; it takes health or all`)
    if ((auditPolicy === undefined) !== (auditLog === undefined))
      throw new WherryError('BadRequest', '--audit-policy and --audit-log go together: what is kept, and where')
    if (adminToken === '') throw new WherryError('BadRequest', '--admin-token is empty; leave it out, or give a long random text')
    await programs.server({
      dataDirectory: resolve(data),
      host,
      port,
      controllers: parts.includes('controllers'),
      scheduler: parts.includes('scheduler'),
      adminToken,
      ...pathOf('authenticationConfig', authentication),
      ...pathOf('authorizationConfig', authorization),
      ...pathOf('tokenWebhookConfig', webhook),
      ...pathOf('auditPolicy', auditPolicy),
      ...pathOf('auditLog', auditLog),
      ...pathOf('tracingConfig', tracing),
      allowAnonymous: (anonymous ?? (adminToken === undefined ? 'health' : 'all')) === 'all',
    })
    return exit.done
  },
}

const known: readonly string[] = ['apiserver', 'controllers', 'scheduler']

/** The server may run elsewhere than where it is asked for. */
const pathOf = <K extends string>(name: K, path: string | undefined): { readonly [key in K]?: string } =>
  (path === undefined ? {} : { [name]: resolve(path) }) as { readonly [key in K]?: string }

/** `127.0.0.1:6443`, `[::1]:6443`. */
function addressOf(listen: string): [host: string, port: number] {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]*)):([0-9]{1,5})$/.exec(listen)
  const port = Number(parts?.[3])
  if (!parts || port > 65_535) throw new WherryError('BadRequest', `--listen is "${listen}"; it takes ADDRESS:PORT, such as 127.0.0.1:6443`)
  return [parts[1] ?? parts[2] ?? '', port]
}
