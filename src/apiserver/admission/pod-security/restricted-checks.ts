import { procMount, seccompProfile } from './baseline-checks.ts'
import {
  type Check,
  type CheckPod,
  containersText,
  exceptUserNamespaces,
  exceptWindows,
  namesOf,
  plural,
  quoted,
  settersOf,
  sorted,
} from './check.ts'

const allowPrivilegeEscalation: CheckPod = ({ spec }) => {
  const names = namesOf(spec, (security) => security.allowPrivilegeEscalation !== false)
  return names.length === 0
    ? undefined
    : {
        reason: 'allowPrivilegeEscalation != false',
        detail: `${containersText(names)} must set securityContext.allowPrivilegeEscalation=false`,
      }
}

const capabilities: CheckPod = ({ spec }) => {
  const added: string[] = []
  const keeping = namesOf(spec, ({ capabilities }) => !(capabilities?.drop ?? []).includes('ALL'))
  const adding = namesOf(spec, ({ capabilities }) => {
    const bad = (capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE')
    added.push(...bad)
    return bad.length > 0
  })
  const details = [
    ...(keeping.length > 0 ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${containersText(adding)} must not include ${quoted(sorted(added))} in securityContext.capabilities.add`]
      : []),
  ]
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

/** Volumes that hold the pod's own data. */
const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
] as const
const restrictedVolumes: CheckPod = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume) => allowedVolumes.every((type) => volume[type] === undefined))
  if (bad.length === 0) return undefined
  const names = bad.map(({ name }) => name)
  // A volume is of one type: its other field is its name.
  const types = sorted(bad.map(({ name: _name, ...source }) => Object.keys(source)[0] ?? 'unknown'))
  const what = plural('restricted volume type', types)
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', names)} ${quoted(names)} ${plural('uses', names, 'use')} ${what} ${quoted(types)}`,
  }
}

const runAsNonRoot: CheckPod = ({ spec }) => {
  const wished = spec.securityContext?.runAsNonRoot
  const setters = settersOf(spec, (security) => security.runAsNonRoot === false)
  const reason = 'runAsNonRoot != true'
  if (setters !== undefined) return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` }
  const silent = wished === true ? [] : namesOf(spec, (security) => security.runAsNonRoot === undefined)
  return silent.length === 0 ? undefined : { reason, detail: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true` }
}

const runAsUser: CheckPod = ({ spec }) => {
  const setters = settersOf(spec, (security) => security.runAsUser === 0)
  return setters === undefined ? undefined : { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` }
}

const seccomp: CheckPod = (checked) => {
  const bad = seccompProfile(checked)
  if (bad !== undefined) return bad
  const { spec } = checked
  if (spec.securityContext?.seccompProfile !== undefined) return undefined
  const silent = namesOf(spec, (security) => security.seccompProfile === undefined)
  return silent.length === 0
    ? undefined
    : {
        reason: 'seccompProfile',
        detail: `pod or ${containersText(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
      }
}

/** Best practice of hardening, at the price of some compatibility; ordered by id, which is the order of messages. */
export const restrictedChecks: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    versions: [
      [8, allowPrivilegeEscalation],
      [25, exceptWindows(allowPrivilegeEscalation)],
    ],
  },
  {
    id: 'capabilities_restricted',
    overrides: 'capabilities_baseline',
    versions: [
      [22, capabilities],
      [25, exceptWindows(capabilities)],
    ],
  },
  { id: 'procMount_restricted', overrides: 'procMount', versions: [[35, procMount]] },
  { id: 'restrictedVolumes', overrides: 'hostPathVolumes', versions: [[0, restrictedVolumes]] },
  {
    id: 'runAsNonRoot',
    versions: [
      [0, runAsNonRoot],
      [35, exceptUserNamespaces(runAsNonRoot)],
    ],
  },
  {
    id: 'runAsUser',
    versions: [
      [23, runAsUser],
      [35, exceptUserNamespaces(runAsUser)],
    ],
  },
  {
    id: 'seccompProfile_restricted',
    overrides: 'seccompProfile_baseline',
    versions: [
      [19, seccomp],
      [25, exceptWindows(seccomp)],
    ],
  },
]
