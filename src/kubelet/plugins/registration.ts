import { bool, field, list, message, string } from '#schema/schema.ts'

/** The service that a plug-in serves on its socket in the registry folder (k8s.io/kubelet, pkg/apis/pluginregistration/v1/api.proto). */
const package_ = 'pluginregistration'

const InfoRequest = message(`${package_}.InfoRequest`, {})
const Info = message(`${package_}.PluginInfo`, {
  type: field(1, string()),
  name: field(2, string()),
  endpoint: field(3, string()),
  supportedVersions: field(4, list(string())),
})
const RegistrationStatus = message(`${package_}.RegistrationStatus`, { pluginRegistered: field(1, bool()), error: field(2, string()) })
const RegistrationStatusResponse = message(`${package_}.RegistrationStatusResponse`, {})

/** What the plug-in is. */
export const getInfo = { path: `/${package_}.Registration/GetInfo`, request: InfoRequest, answer: Info }
/** Tells the plug-in what became of its registration. */
export const notifyRegistrationStatus = {
  path: `/${package_}.Registration/NotifyRegistrationStatus`,
  request: RegistrationStatus,
  answer: RegistrationStatusResponse,
}
