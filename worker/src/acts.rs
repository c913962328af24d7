//! The acts: every kind of effect a visit has in the cloud, with the five points at which a drill may kill its worker
//! (FAULTS F01). `it/structure/acts.rs` fails when a call with an effect is made outside of its act.

use ingot_failpoint::act;

act!(
    /// RunInstances; its tags are part of the call. Intended by its effect row.
    pub(crate) LAUNCH = "launch"
);
act!(
    /// CreateImage; its tags are part of the call. Intended by its effect row and the image row.
    pub(crate) CREATE_IMAGE = "create_image"
);
act!(
    /// CreateSecurityGroup and its rules. Intended by the launch's effect row, identified by its name.
    pub(crate) CREATE_GROUP = "create_group"
);
act!(
    /// TerminateInstances. Intended by the task that asks for it.
    pub(crate) TERMINATE = "terminate"
);
act!(
    /// DeleteSecurityGroup. Intended by the task that asks for it.
    pub(crate) DELETE_GROUP = "delete_group"
);
act!(
    /// DeregisterImage of what EC2 failed. Intended by the error written into the image row.
    pub(crate) DEREGISTER = "deregister"
);
act!(
    /// DeleteSnapshot of the same. Intended by the snapshots written into the image row.
    pub(crate) DELETE_SNAPSHOT = "delete_snapshot"
);
