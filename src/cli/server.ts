import { resolve } from 'node:path'
import { optionalVersions, switchableGates } from '#api/features.ts'
import { checkServerSettings, type ServerSettings, serverSettings } from '#host/server-settings.ts'
import { parseServiceRanges } from '#host/service-ranges.ts'
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
    'service-cluster-ip-range': {
      type: 'string',
      value: 'CIDR[,CIDR]',
      help: 'where Services get addresses from; two for both families, that of most of them first (default 10.96.0.0/12)',
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
    'audit-policy': { type: 'string', value: 'FILE', help: 'a Policy of audit.k8s.io/v1: which requests are kept' },
    'audit-log': { type: 'string', value: 'FILE', help: 'where they are kept, an event a line; full files are moved aside' },
    'audit-log-maxsize': { type: 'string', value: 'MB', help: 'how much makes a file full (default 100)' },
    'audit-log-maxbackup': { type: 'string', value: 'NUMBER', help: 'how many full files stay; 0: all (default 10)' },
    'audit-log-maxage': { type: 'string', value: 'DAYS', help: 'how long full files stay; 0: for good (default 0)' },
    'audit-webhook-config': { type: 'string', value: 'FILE', help: 'a kubeconfig of a webhook that is sent what is kept' },
    'tracing-config': { type: 'string', value: 'FILE', help: 'a TracingConfiguration: which requests are traced, and to which collector' },
    'scheduler-config': {
      type: 'string',
      value: 'FILE',
      help: 'a KubeSchedulerConfiguration: profiles, plug-ins and extenders that place pods',
    },
    'local-volumes': { type: 'boolean', help: 'offer the StorageClass local: directories of the node that a claim’s first pod runs on' },
    'gateway-api': { type: 'boolean', help: 'make the definitions of the Gateway API where they are missing' },
    'enable-admission-plugins': { type: 'string', value: 'LIST', help: 'admission plug-ins beside those that are on by default' },
    'disable-admission-plugins': { type: 'string', value: 'LIST', help: 'admission plug-ins that are not to run' },
    'admission-control-config-file': {
      type: 'string',
      value: 'FILE',
      help: 'an AdmissionConfiguration: how admission plug-ins are configured',
    },
    'feature-gates': {
      type: 'string',
      value: 'NAME=true,…',
      help: `what is to be on beside the defaults: ${Object.keys(switchableGates).join(', ')}`,
    },
    'runtime-config': {
      type: 'string',
      value: 'VERSION=true,…',
      help: `API versions that are served beside the defaults: ${Object.keys(optionalVersions).join(', ')}`,
    },
    'default-not-ready-toleration-seconds': {
      type: 'string',
      value: 'SECONDS',
      help: 'how long pods stay on a node that is not ready, unless they say it themselves (default 300)',
    },
    'default-unreachable-toleration-seconds': { type: 'string', value: 'SECONDS', help: 'the same of one that is not reached' },
    'node-monitor-grace-period': {
      type: 'string',
      value: 'DURATION',
      help: 'how long a node may be silent before it counts as lost (default 50s)',
    },
    anonymous: {
      type: 'string',
      value: 'health|all|none',
      help: 'what requests without credentials may try (default: all with --admin-token, else health)',
    },
  },
  about:
    'For tests, measurements and embedding: any user may run it. Its authority is written to DIR/ca.crt, and an administrator’s certificate to ' +
    'DIR/pki. With --anonymous all, requests without credentials are authorized as system:anonymous, as the reference does by default; with health ' +
    'they only learn version and health. It ends on SIGTERM.',
  async run({ options, programs }) {
    const { data, listen, components, 'admin-token': adminToken, anonymous } = options as Readonly<Record<string, string | undefined>>
    if (!data) throw new WherryError('BadRequest', '--data DIR is missing: the folder that the server keeps its store and keys in')
    const [host, port] = addressOf(listen!)
    const parts = components!.split(',').map((part) => part.trim())
    for (const part of parts)
      if (!known.includes(part)) throw new WherryError('BadRequest', `--components has "${part}"; there are ${known.join(', ')}`)
    if (!parts.includes('apiserver'))
      throw new WherryError('BadRequest', '--components lacks apiserver, which everything else runs in; add it')
    if (adminToken === '') throw new WherryError('BadRequest', '--admin-token is empty; leave it out, or give a long random text')
    const ranges = options['service-cluster-ip-range'] as string | undefined
    await programs.server({
      dataDirectory: resolve(data),
      host,
      port,
      ...(ranges !== undefined && { serviceCIDR: asUsage(() => parseServiceRanges(ranges, '--service-cluster-ip-range').join()) }),
      controllers: parts.includes('controllers'),
      scheduler: parts.includes('scheduler'),
      adminToken,
      ...settingsOf({ ...options, anonymous: anonymous ?? (adminToken === undefined ? 'health' : 'all') }),
    })
    return exit.done
  },
}

const known: readonly string[] = ['apiserver', 'controllers', 'scheduler']

/** How each setting of the server is called on the command line. */
const flags: Readonly<Record<keyof ServerSettings, string>> = {
  anonymous: 'anonymous',
  authenticationConfig: 'authentication-config',
  authorizationConfig: 'authorization-config',
  tokenWebhookConfig: 'token-webhook-config',
  enableAdmissionPlugins: 'enable-admission-plugins',
  disableAdmissionPlugins: 'disable-admission-plugins',
  admissionControlConfigFile: 'admission-control-config-file',
  defaultNotReadyTolerationSeconds: 'default-not-ready-toleration-seconds',
  defaultUnreachableTolerationSeconds: 'default-unreachable-toleration-seconds',
  nodeMonitorGracePeriod: 'node-monitor-grace-period',
  auditPolicy: 'audit-policy',
  auditLog: 'audit-log',
  auditLogMaxAgeDays: 'audit-log-maxage',
  auditLogMaxBackups: 'audit-log-maxbackup',
  auditLogMaxSizeMB: 'audit-log-maxsize',
  auditWebhookConfig: 'audit-webhook-config',
  tracingConfig: 'tracing-config',
  schedulerConfig: 'scheduler-config',
  localVolumes: 'local-volumes',
  gatewayAPI: 'gateway-api',
  featureGates: 'feature-gates',
  runtimeConfig: 'runtime-config',
}

/** What the words after the flags mean: paths made whole, since the server may run elsewhere than where it is asked for; lists; numbers. */
function settingsOf(options: Readonly<Record<string, string | boolean | undefined>>): ServerSettings {
  const settings: Record<string, unknown> = {}
  for (const [name, flag] of Object.entries(flags) as [keyof ServerSettings, string][]) {
    const given = options[flag] as string | boolean | undefined
    if (given === undefined) continue
    const value = typeof given === 'boolean' ? given : readAs(name, given)
    const wanted = serverSettings[name](value)
    if (wanted !== undefined) throw new WherryError('BadRequest', `--${flag} must be ${wanted}, not "${given}"`)
    settings[name] = value
  }
  asUsage(() => checkServerSettings(settings, (name) => `--${flags[name]}`))
  return settings
}

/** What is wrong with settings is, on the command line, a mistake in how the command was called. */
function asUsage<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new WherryError('BadRequest', (cause as Error).message, { cause })
  }
}

function readAs(name: keyof ServerSettings, given: string): unknown {
  if (name === 'anonymous' || name === 'nodeMonitorGracePeriod') return given
  if (name.endsWith('Plugins')) return given.split(',').map((plugin) => plugin.trim())
  if (name === 'featureGates' || name === 'runtimeConfig') return switchesOf(given)
  if (name.startsWith('auditLogMax') || name.endsWith('Seconds')) return /^[0-9]+$/.test(given) ? Number(given) : given
  return resolve(given)
}

/** `A=true,B=false`, and a name by itself for true, as the reference takes it; another word stays text, which is refused. */
const switchesOf = (given: string): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    given.split(',').map((part) => {
      const [name = '', word = 'true'] = part.trim().split('=')
      return [name, word === 'true' || word === 'false' ? word === 'true' : word]
    }),
  )

/** `127.0.0.1:6443`, `[::1]:6443`. */
function addressOf(listen: string): [host: string, port: number] {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]*)):([0-9]{1,5})$/.exec(listen)
  const port = Number(parts?.[3])
  if (!parts || port > 65_535) throw new WherryError('BadRequest', `--listen is "${listen}"; it takes ADDRESS:PORT, such as 127.0.0.1:6443`)
  return [parts[1] ?? parts[2] ?? '', port]
}
