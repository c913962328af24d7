//! The acts: every kind of effect a visit has in the cloud, with the five points at which a drill may kill its worker
//! (FAULTS F01), and the steps of a build, with three. `it/structure/acts.rs` fails when a call with an effect is made outside of its act.

use ingot_failpoint::{act, step};

act!(
    /// RunInstances; its tags are part of the call. Intended by its effect row.
    pub(crate) LAUNCH = "launch"
);
act!(
    /// CreateImage; its tags are part of the call. Intended by its effect row and the image row.
    pub(crate) CREATE_IMAGE = "create_image"
);
act!(
    /// CopyImage; its tags are part of the call. Intended by its effect row, under whose id EC2 knows it.
    pub(crate) COPY_IMAGE = "copy_image"
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
step!(
    /// The start of builds: their moves, builders, launch tasks and reservations in one commit.
    pub(crate) BUILD_START = "build_start"
);
step!(
    /// The end of a build's run: its move and what is settled in one commit.
    pub(crate) BUILD_END = "build_end"
);
