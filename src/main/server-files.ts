import { closeSync, openSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  type ConfigurationSource,
  noConfiguration,
  readAdmissionConfiguration,
} from '#apiserver/admission/configuration/admission-configuration.ts'
import { readPluginConfigurations } from '#apiserver/admission/configuration/plugin-configurations.ts'
import { selectPlugins } from '#apiserver/admission/plugin-selection.ts'
import { parsePolicy } from '#apiserver/audit/policy.ts'
import { AuthenticationConfiguration } from '#apiserver/authentication/configuration.ts'
import { validateAuthentication } from '#apiserver/authentication/validate-configuration.ts'
import { type WebhookConnection, webhookConnection } from '#apiserver/authentication/webhook/review-webhook.ts'
import { readAuthorization } from '#apiserver/authorization/configured-authorization.ts'
import { parseTracingConfiguration } from '#apiserver/tracing/configuration.ts'
import { auditFiles } from '#host/audit-files.ts'
import type { ServerSettings } from '#host/server-settings.ts'
import { watchedFile } from '#host/watched-file.ts'
import { WherryError } from '#lib/errors.ts'
import { readSchedulerConfiguration } from '#scheduler/config/read-scheduler-configuration.ts'
import { readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import type { ControlPlaneOptions } from './control-plane.ts'

/** What those files say, in the form in which a control plane takes it. */
export type ServerFiles = Pick<
  ControlPlaneOptions,
  | 'authenticationConfiguration'
  | 'authorizationConfiguration'
  | 'tokenWebhook'
  | 'readFile'
  | 'audit'
  | 'tracing'
  | 'scheduler'
  | 'admissionPlugins'
>

/**
 * Reads the files that a server's settings name, before anything is begun: a server that cannot do what it was told does not start. Errors:
 * `Invalid`, which names the setting, the file, and what is wrong with it.
 */
export function readServerFiles(settings: ServerSettings): ServerFiles {
  const { authenticationConfig, authorizationConfig, tokenWebhookConfig, tracingConfig } = settings
  const read = <T>(setting: keyof ServerSettings, path: string | undefined, check: (text: string) => T): string | undefined => {
    if (path === undefined) return undefined
    const text = readOf(setting, path)
    named(setting, path, () => check(text))
    return text
  }
  read('authenticationConfig', authenticationConfig, (text) =>
    refuseConfiguration(
      validateAuthentication(
        readConfiguration(AuthenticationConfiguration, 'AuthenticationConfiguration', text) as AuthenticationConfiguration,
        [],
      ),
    ),
  )
  read('authorizationConfig', authorizationConfig, checkAuthorization)
  return {
    authenticationConfiguration: authenticationConfig === undefined ? undefined : watchedFile(authenticationConfig),
    authorizationConfiguration: authorizationConfig === undefined ? undefined : watchedFile(authorizationConfig),
    tokenWebhook: read('tokenWebhookConfig', tokenWebhookConfig, (text) => webhookConnection(text, readFile)),
    tracing: read('tracingConfig', tracingConfig, parseTracingConfiguration),
    scheduler: read('schedulerConfig', settings.schedulerConfig, checkScheduler),
    audit: auditOf(settings),
    admissionPlugins: admissionOf(settings),
    readFile,
  }
}

function checkScheduler(text: string): void {
  for (const { tlsConfig: { caFile, certFile, keyFile } = {} } of readSchedulerConfiguration(text).extenders)
    for (const path of [caFile, certFile, keyFile]) if (path) readFile(path)
}

function checkAuthorization(text: string): void {
  for (const { webhook } of readAuthorization(text).authorizers ?? []) {
    const path = webhook?.connectionInfo.kubeConfigFile
    if (path !== undefined) webhookConnection(readFile(path), readFile)
  }
}

function admissionOf({
  enableAdmissionPlugins: enabled,
  disableAdmissionPlugins: disabled,
  admissionControlConfigFile: path,
  defaultNotReadyTolerationSeconds: notReady,
  defaultUnreachableTolerationSeconds: unreachable,
}: ServerSettings): ControlPlaneOptions['admissionPlugins'] {
  const chosen = { enabled, disabled, tolerationSeconds: { notReady, unreachable } }
  const isOn = selectPlugins({ enabled, disabled })
  const means = { readFile: (wanted: string, from?: string) => readFile(from === undefined ? wanted : resolve(dirname(from), wanted)) }
  const configurations = (source: ConfigurationSource) => readPluginConfigurations(isOn, source, means)
  if (path === undefined) return { ...chosen, configurations: configurations(noConfiguration) }
  const text = readOf('admissionControlConfigFile', path)
  return {
    ...chosen,
    configurations: named('admissionControlConfigFile', path, () =>
      configurations(readAdmissionConfiguration(text, (wanted) => means.readFile(wanted, path))),
    ),
  }
}

function auditOf(settings: ServerSettings): ControlPlaneOptions['audit'] {
  const { auditPolicy, auditLog, auditWebhookConfig, auditLogMaxAgeDays, auditLogMaxBackups = 10, auditLogMaxSizeMB = 100 } = settings
  if (auditPolicy === undefined) return undefined
  const policy = readOf('auditPolicy', auditPolicy)
  named('auditPolicy', auditPolicy, () => parsePolicy(policy))
  // Whoever has to keep events must not learn after the first of them that there is no place for them.
  if (auditLog !== undefined) named('auditLog', auditLog, () => closeSync(openSync(auditLog, 'a', 0o600)))
  return {
    policy,
    ...(auditLog !== undefined && {
      log: {
        path: auditLog,
        files: auditFiles,
        maxBackups: auditLogMaxBackups,
        maxSizeBytes: auditLogMaxSizeMB * 1024 * 1024,
        maxAgeMs: (auditLogMaxAgeDays ?? 0) * 86_400_000,
      },
    }),
    ...(auditWebhookConfig !== undefined && { webhook: auditWebhook(auditWebhookConfig) }),
  }
}

function auditWebhook(path: string) {
  const text = readOf('auditWebhookConfig', path)
  const { url, ...connection } = named('auditWebhookConfig', path, (): WebhookConnection => webhookConnection(text, readFile))
  return { url, connection }
}

const readFile = (path: string): string => readFileSync(path, 'utf8')
const readOf = (setting: keyof ServerSettings, path: string): string => named(setting, path, () => readFile(path))

function named<T>(setting: keyof ServerSettings, path: string, attempt: () => T): T {
  try {
    return attempt()
  } catch (cause) {
    throw new WherryError('Invalid', `${setting}: ${path} cannot be used: ${(cause as Error).message}`, { cause })
  }
}
