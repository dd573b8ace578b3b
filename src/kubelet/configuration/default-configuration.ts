import { type KubeletConfiguration, kubeletConfiguration } from './kubelet-configuration.ts'

/** The configuration of a node for which nothing is set. Made once: whoever was given none asks for it again and again. */
export const defaultConfiguration = (): KubeletConfiguration => (ofNoSettings ??= kubeletConfiguration())

let ofNoSettings: KubeletConfiguration | undefined
