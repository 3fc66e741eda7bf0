"""When runs are due: schedule expressions as EventBridge Scheduler has them, so that any clock reads them alike."""
