import type { Rule } from "./rule.ts";
import { nearDuplicateEntry } from "./rules/fc001-near-duplicate-entry.ts";
import { unknownClass } from "./rules/fc002-unknown-class.ts";
import { legacyOutput } from "./rules/fc003-legacy-output.ts";
import { unknownOutput } from "./rules/fc004-unknown-output.ts";
import { machineKey } from "./rules/fc006-machine-key.ts";
import { registryEntry } from "./rules/fc007-registry-entry.ts";
import { shadowedEntry } from "./rules/fc009-shadowed-entry.ts";
import { passedOver } from "./rules/fc010-passed-over.ts";
import { untrackedFile } from "./rules/fc011-untracked-file.ts";
import { unusedEntry } from "./rules/fc012-unused-entry.ts";
import { importedTwice } from "./rules/fc013-imported-twice.ts";
import { classMismatch } from "./rules/fc014-class-mismatch.ts";
import { foreignEntry } from "./rules/fc015-foreign-entry.ts";
import { notRegistered } from "./rules/fc016-not-registered.ts";
import { notInInventory } from "./rules/fc017-not-in-inventory.ts";
import { classOfMachine } from "./rules/fc018-class-of-machine.ts";
import { strayMachine } from "./rules/fc019-stray-machine.ts";
import { machineName } from "./rules/fc020-machine-name.ts";
import { lonelyTag } from "./rules/fc021-lonely-tag.ts";
import { roleTagWithoutMachine } from "./rules/fc022-role-tag-without-machine.ts";
import { unknownMember } from "./rules/fc023-unknown-member.ts";
import { serviceSource } from "./rules/fc024-service-source.ts";
import { unreadSetting } from "./rules/fc025-unread-setting.ts";
import { classWithoutModule } from "./rules/fc026-class-without-module.ts";
import { noTargetHost } from "./rules/fc028-no-target-host.ts";
import { splitService } from "./rules/fc030-split-service.ts";
import { peerWithoutIdentity } from "./rules/fc031-peer-without-identity.ts";
import { unreadableSecret } from "./rules/fc032-unreadable-secret.ts";
import { orphanSecrets } from "./rules/fc033-orphan-secrets.ts";
import { nobodyOnMachine } from "./rules/fc034-nobody-on-machine.ts";
import { writtenOut } from "./rules/fc035-written-out.ts";
import { staleRecipe } from "./rules/fc037-stale-recipe.ts";
import { sharedTargetHost } from "./rules/fc039-target-host.ts";
import { doesNotEvaluate } from "./rules/fc040-does-not-evaluate.ts";
import { lockOut } from "./rules/fc041-lock-out.ts";
import { closedFirewall } from "./rules/fc042-closed-firewall.ts";
import { willNotBoot } from "./rules/fc043-will-not-boot.ts";
import { platform } from "./rules/fc044-platform.ts";
import { stateVersion } from "./rules/fc045-state-version.ts";
import { identityTwice } from "./rules/fc046-identity-twice.ts";
import { sourceInClosure } from "./rules/fc047-source-in-closure.ts";
import { plaintextSecret } from "./rules/fc048-plaintext-secret.ts";
import { users } from "./rules/fc049-users.ts";
import { secondDeployer } from "./rules/fc050-second-deployer.ts";
import { inputHygiene } from "./rules/fc051-input-hygiene.ts";
import { overlayNotInEffect } from "./rules/fc052-overlay-not-in-effect.ts";
import { idleSuppression } from "./rules/fc053-idle-suppression.ts";
import { clanCheck } from "./rules/fc054-clan-check.ts";
import { cloudFirewall } from "./rules/fc056-cloud-firewall.ts";
import { stackOfMachine } from "./rules/fc060-stack-of-machine.ts";
import { missingVar } from "./rules/fc061-missing-var.ts";
import { staleVar } from "./rules/fc062-stale-var.ts";
import { circularKey } from "./rules/fc063-circular-key.ts";
import { sopsRecipients } from "./rules/fc064-sops-recipients.ts";
import { besideVars } from "./rules/fc065-beside-vars.ts";
import { linkedRecipients } from "./rules/fc066-linked-recipients.ts";
import { privateFileInTree } from "./rules/fc067-private-file-in-tree.ts";
import { staleTypes } from "./rules/fc068-stale-types.ts";

/** Every rule, in the order of their ids. */
export const allRules: readonly Rule[] = [
  nearDuplicateEntry,
  unknownClass,
  legacyOutput,
  unknownOutput,
  machineKey,
  registryEntry,
  shadowedEntry,
  passedOver,
  untrackedFile,
  unusedEntry,
  importedTwice,
  classMismatch,
  foreignEntry,
  notRegistered,
  notInInventory,
  classOfMachine,
  strayMachine,
  machineName,
  lonelyTag,
  roleTagWithoutMachine,
  unknownMember,
  serviceSource,
  unreadSetting,
  classWithoutModule,
  noTargetHost,
  splitService,
  peerWithoutIdentity,
  unreadableSecret,
  orphanSecrets,
  nobodyOnMachine,
  writtenOut,
  staleRecipe,
  sharedTargetHost,
  doesNotEvaluate,
  lockOut,
  closedFirewall,
  willNotBoot,
  platform,
  stateVersion,
  identityTwice,
  sourceInClosure,
  plaintextSecret,
  users,
  secondDeployer,
  inputHygiene,
  overlayNotInEffect,
  idleSuppression,
  clanCheck,
  cloudFirewall,
  stackOfMachine,
  missingVar,
  staleVar,
  circularKey,
  sopsRecipients,
  besideVars,
  linkedRecipients,
  privateFileInTree,
  staleTypes,
];

/**
 * For a run that evaluates its own machines: that one does not evaluate is told there, with the whole of Nix's words, and one of
 * another stack must not keep this one from being deployed. Nor must the editor's types.
 */
export const rulesBesideEvaluation: readonly Rule[] = allRules.filter(
  (rule) => rule !== doesNotEvaluate && rule !== staleTypes,
);
