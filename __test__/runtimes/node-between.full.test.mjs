// The packed package on the supported Nodes between the oldest and the newest.

import { onNode } from './on-node.mjs'

onNode(20)
onNode(22)
onNode(24)
